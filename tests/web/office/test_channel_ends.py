"""Message channels in the office: accounts are named and removed, their address changes, tests flood nobody."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.kit.secret import Secret
from app.messages import queries, service
from app.messages.models import Carrier
from app.messages.providers import Channel
from app.messages.rules import BURST
from app.web.office.changes import NOTES
from tests import people
from tests.engines import on_one_engine
from tests.make import PASSWORD, Browser, Shop
from tests.messages.carriers import connect_fake
from tests.messages.chats import Chats, running

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ROBOTS = ["wecom_robot", "dingtalk_robot"]


@pytest.fixture
def owner(shop: Shop) -> Browser:
    return people.alice(shop)


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


def home(shop: Shop) -> str:
    return f"/office/{shop.slug}/channels"


def place(shop: Shop, row: Carrier) -> str:
    return f"{home(shop)}/{public('carrier', row.id)}"


def one(shop: Shop) -> Carrier:
    return shop.read(queries.list_carriers)[0]


def text(owner: Browser, url: str) -> str:
    answer = owner.get(url, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


# Names -----------------------------------------------------------------------------------------------------------


def test_two_accounts_of_a_party_are_told_apart_by_what_the_shop_calls_them(shop: Shop, owner: Browser) -> None:
    connect_fake(shop, Channel.SMS)
    page = place(shop, one(shop))

    owner.post(f"{page}/name", {"title": "Codes only"}, page=page)

    for shown in (home(shop), page):
        assert "Codes only" in text(owner, shown)
    assert "Fake" in text(owner, home(shop)), "whose account it is stands beside it"
    owner.post(f"{page}/name", {"title": ""}, page=page)
    assert "Codes only" not in text(owner, home(shop))
    assert owner.post(f"{page}/name", {"title": "x" * 41}, page=page).status_code == 422


def test_an_account_is_named_where_it_is_connected(shop: Shop, owner: Browser) -> None:
    connect_fake(shop, Channel.SMS)
    page = f"{home(shop)}/new/fake"

    owner.post(page, {"account": "7", "title": "Second", "password": PASSWORD}, page=page)

    assert [row.title for row in shop.read(queries.list_carriers)] == ["", "Second"]


# Removing --------------------------------------------------------------------------------------------------------


def remove(shop: Shop, owner: Browser, row: Carrier, **more: str) -> Any:
    page = f"{place(shop, row)}/removal"
    return owner.post(page, {"password": PASSWORD} | more, page=page)


def test_the_last_account_of_a_channel_is_removed_when_somebody_says_so(shop: Shop, owner: Browser) -> None:
    connect_fake(shop, Channel.SMS)
    row = one(shop)
    assert "Nobody else carries" in text(owner, f"{place(shop, row)}/removal")

    refused = remove(shop, owner, row)
    assert refused.status_code == 422
    assert 'href="#f-even_last"' in refused.get_data(as_text=True)
    assert remove(shop, owner, row, even_last="1", password="wrong").status_code == 422
    assert remove(shop, owner, row, even_last="1").status_code == 303

    listed, page = text(owner, home(shop)), text(owner, place(shop, row))
    assert "Removed" in listed
    assert "Stop using it" not in page
    assert "Removed" in page
    assert owner.post(f"{place(shop, row)}/switch", {"on": "1"}, page=home(shop)).status_code == 409


def test_only_an_owner_removes_an_account(shop: Shop) -> None:
    connect_fake(shop, Channel.SMS)

    assert people.bob(shop, "operator").get(f"{place(shop, one(shop))}/removal").status_code == 403


def test_the_address_for_receipts_is_changed_and_the_former_one_ended(shop: Shop, owner: Browser, chats: Chats) -> None:
    before = chats.connect(shop, "wechat_template").hook_token
    page = place(shop, one(shop))

    owner.post(f"{page}/address", {}, page=page)
    fresh = one(shop)
    assert fresh.hook_token != before
    assert (fresh.former_token, fresh.hook_token in text(owner, page)) == (before, True)
    assert "The former address works until" in text(owner, page)

    owner.post(f"{page}/address", {"former": "end"}, page=page)
    assert one(shop).former_token == ""
    assert one(shop).hook_token == fresh.hook_token


# Robots are tried out by a note ----------------------------------------------------------------------------------


def try_out(shop: Shop, owner: Browser) -> Any:
    page = place(shop, one(shop))
    return owner.post(f"{page}/test", {}, page=page)


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robot_says_one_note_marked_as_a_test_and_the_page_what_it_answered(
    shop: Shop, owner: Browser, chats: Chats, name: str
) -> None:
    chats.connect(shop, name)

    assert try_out(shop, owner).status_code == 303

    (said,) = chats.said(name.replace("_", "."))
    assert "测试" in said or "test note" in said
    assert "0: ok" in text(owner, place(shop, one(shop)))
    assert shop.read(queries.list_robots)[0].spoke_at is None, "a test is no note"


@pytest.mark.parametrize(
    ("name", "code", "mend"),
    [
        ("wecom_robot", 93000, "The robot was removed from its group."),
        ("dingtalk_robot", 310000, "Choose the signature"),
        ("wecom_robot", 45009, "It has received too many messages."),
        ("wecom_robot", -1, "Try again in a minute"),
    ],
)
def test_a_robot_that_refuses_is_quoted_and_the_page_says_how_to_mend_it(
    shop: Shop, owner: Browser, chats: Chats, name: str, code: int, mend: str
) -> None:
    chats.connect(shop, name)
    chats.desk.ail("answer", name.replace("_", "."), code=code)

    try_out(shop, owner)

    page, row = text(owner, place(shop, one(shop))), one(shop)
    assert f"{code}: simulated" in page
    assert mend in page
    assert bool(row.alarm) is (code in (93000, 310000))
    assert bool(row.rests_until) is (code == 45009)


def test_a_note_that_may_have_been_said_is_looked_for_before_it_is_said_again(
    shop: Shop, owner: Browser, chats: Chats
) -> None:
    chats.connect(shop, "wecom_robot")
    chats.desk.ail("lost", "wecom.robot", times=1)

    try_out(shop, owner)

    assert "check the group before you try again" in text(owner, place(shop, one(shop)))


def test_tests_of_a_robot_never_make_it_say_too_much(shop: Shop, owner: Browser, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    now = clock.now()

    with clock.running(lambda: now):
        answers = [try_out(shop, owner).status_code for _ in range(BURST + 2)]
    assert answers == [303] * BURST + [429] * 2
    with clock.running(lambda: now + timedelta(seconds=5)):
        assert try_out(shop, owner).status_code == 303
    assert len(chats.said("wecom.robot")) == BURST + 1


def test_a_robot_has_no_message_to_oneself(shop: Shop, owner: Browser, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    page = place(shop, one(shop))

    assert "Send one to yourself" not in text(owner, page)
    assert owner.post(f"{page}/trials", {"to": "x", "what": "ready/zh"}, page=page).status_code == 404


# Messages to oneself ---------------------------------------------------------------------------------------------


def send(shop: Shop, browser: Browser, at: datetime) -> Any:
    page = place(shop, one(shop))
    with clock.running(lambda: at):
        return browser.post(f"{page}/trials", {"to": "13912345678", "what": "ready/zh"}, page=page)


def test_one_person_sends_ten_in_a_minute_and_another_may_still(shop: Shop, owner: Browser) -> None:
    party, now = connect_fake(shop, Channel.SMS), clock.now()

    answers = [send(shop, owner, now + timedelta(seconds=second)) for second in range(11)]

    assert [answer.status_code for answer in answers] == [303] * 10 + [429]
    assert re.search("in 50 s|50 秒后", answers[-1].get_data(as_text=True))
    assert send(shop, people.signed_in(shop, colleague(shop)), now + timedelta(seconds=12)).status_code == 303
    assert send(shop, owner, now + MINUTE).status_code == 303
    assert len(party.sent) == 12


def colleague(shop: Shop) -> str:
    email = f"carol@{shop.slug}.example"
    shop.write(lambda: people._employ(email, "owner"))
    return email


def test_a_shop_sends_sixty_in_an_hour(shop: Shop, owner: Browser) -> None:
    party, now = connect_fake(shop, Channel.SMS), clock.now()
    known: dict[str, Any] = {"about": "ready", "lang": "zh", "mask": "139", "by": SYSTEM}
    for minute in range(6):
        for _ in range(10):
            at = now + minute * MINUTE
            shop.write(lambda at=at: ask(known | {"now": at}))  # type: ignore[misc]

    refused = send(shop, owner, now + 7 * MINUTE)
    assert refused.status_code == 429
    assert re.search("Wait 53 minutes|53 分钟后再试", refused.get_data(as_text=True))
    assert send(shop, owner, now + HOUR).status_code == 303
    assert party.sent


def ask(known: dict[str, Any]) -> None:
    service.ask_trial(queries.list_carriers()[0].id, to=Secret("13912345678"), **known)


@on_one_engine
@pytest.mark.parametrize(("what", "said"), [("secret_key", "SecretKey"), ("title", "name"), ("else", "else")])
def test_what_changed_is_told_by_what_its_party_calls_it(app: Flask, what: str, said: str) -> None:
    with app.test_request_context(), force_locale("en"):
        assert NOTES["carrier.changed"]({"changed": [what]}) == said
