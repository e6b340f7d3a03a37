"""An administrator enters by which chats members are reached; each chooses what comes first; others may do neither."""

import pytest

from app.companies import queries
from app.companies.models import Role
from app.kit.ids import public
from app.messages.queries import Channel
from tests.companies.firm import Firm


def home(firm: Firm) -> str:
    return f"/enterprise/{firm.shop.slug}"


def test_an_administrator_enters_user_ids_and_the_member_sees_them(firm: Firm) -> None:
    boss, member = firm.browser(), firm.member(Role.DISTRIBUTOR)
    page = f"{home(firm)}/members/{public('usr', member)}/ways"

    assert boss.post(page, {"wecom": " zhangsan ", "dingtalk": ""}, page=page).status_code == 303

    found = firm.shop.read(lambda: queries.reached_by(firm.id, member))
    assert {way: text.expose() for way, text in found.items()} == {Channel.WECOM: "zhangsan"}
    assert "zhangsan" in boss.get(page).get_data(as_text=True)
    theirs = firm.browser(Role.DISTRIBUTOR)
    assert "zhangsan" in theirs.get(f"{home(firm)}/told").get_data(as_text=True)
    assert theirs.get(page).status_code == 403


@pytest.mark.parametrize(("asked", "first"), [("email", Channel.EMAIL), ("wecom", Channel.WECOM), ("inbox", None)])
def test_a_member_chooses_what_comes_first(firm: Firm, asked: str, first: Channel | None) -> None:
    member, theirs = firm.member(Role.DISTRIBUTOR), firm.browser(Role.DISTRIBUTOR)
    page = f"{home(firm)}/members/{public('usr', member)}/ways"
    firm.browser().post(page, {"wecom": "zhangsan"}, page=page)
    told = f"{home(firm)}/told"

    assert theirs.post(told, {"first": asked}, page=told).status_code == 303
    assert firm.shop.read(lambda: queries.told_first(firm.id, member)) == first


def test_what_is_no_user_id_is_said_at_its_field(firm: Firm) -> None:
    boss, member = firm.browser(), firm.member(Role.DISTRIBUTOR)
    page = f"{home(firm)}/members/{public('usr', member)}/ways"

    answer = boss.post(page, {"wecom": "two people", "dingtalk": "0123"}, page=page)

    assert answer.status_code == 422
    assert 'id="f-wecom-error"' in answer.get_data(as_text=True)
    assert not firm.shop.read(lambda: queries.reached_by(firm.id, member))
