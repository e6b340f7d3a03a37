"""Members are told in the chats they are in, by what they want first, and by the next one when that fails."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.companies import queries
from app.companies import service as companies
from app.companies.models import MemberWay, Role, Telling
from app.delivery import service as delivery
from app.kit import clock, db, effects
from app.kit.effects import Refused, Unknown
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.messages.events import ChatFailed
from app.messages.queries import Channel
from app.orders import queries as orders
from tests.companies.firm import Firm
from tests.delivery.routes import answering, later, plan
from tests.mailbox import Mailbox
from tests.make import Shop, at_once
from tests.messages.chats import Chats, running


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


@pytest.fixture
def mailbox(shop: Shop, tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


def enter(firm: Firm, user: object, wecom: str = "", dingtalk: str = "") -> None:
    ids = {Channel.WECOM: wecom, Channel.DINGTALK: dingtalk}
    firm.shop.write(lambda: companies.set_ways(firm.id, user, ids, now=clock.now(), by=SYSTEM))  # type: ignore[arg-type]


def deliver(firm: Firm) -> str:
    """Have an order of the company delivered, and return its number."""
    firm.shop.codes(2)
    firm.top_up(10_000)
    number = firm.order(2).number
    firm.shop.drain()
    return number


def test_a_member_with_a_user_id_is_told_in_wecom(firm: Firm, chats: Chats) -> None:
    chats.connect(firm.shop, "wecom")
    enter(firm, firm.member(), wecom="zhangsan")

    number = deliver(firm)

    (said,) = chats.desk.sent_at("wecom.app")
    assert said["to"] == ["zhangsan"]
    assert number in said["said"]["title"]
    assert "/enterprise/" in said["said"]["url"]
    firm.shop.drain()
    assert len(chats.desk.sent_at("wecom.app")) == 1


def test_each_is_told_by_what_they_want_first(firm: Firm, chats: Chats) -> None:
    for name in ("wecom", "dingtalk"):
        chats.connect(firm.shop, name)
    usual, other = firm.member(), firm.member(Role.DISTRIBUTOR)
    enter(firm, usual, wecom="usual", dingtalk="usual")
    enter(firm, other, wecom="other", dingtalk="other")
    firm.shop.write(lambda: companies.choose_first(firm.id, other, Channel.DINGTALK))

    deliver(firm)

    assert [said["to"] for said in chats.desk.sent_at("wecom.app")] == [["usual"]]
    assert [said["to"] for said in chats.desk.sent_at("dingtalk.app")] == ["other"]


def test_whom_dingtalk_did_not_reach_after_all_is_told_by_letter_once(
    firm: Firm, chats: Chats, mailbox: Mailbox
) -> None:
    chats.connect(firm.shop, "dingtalk")
    enter(firm, firm.member(Role.DISTRIBUTOR), dingtalk="nobody")
    deliver(firm)
    assert not mailbox.letters(firm.mail("distributor")), "it was taken, and what became of it is not known yet"

    for seconds in (6, 12, 60):
        with later(seconds=seconds):
            firm.shop.drain()

    assert len(mailbox.letters(firm.mail("distributor"))) == 1


def test_who_is_unknown_in_wecom_is_told_in_dingtalk_and_else_by_letter(
    firm: Firm, chats: Chats, mailbox: Mailbox
) -> None:
    for name in ("wecom", "dingtalk"):
        chats.connect(firm.shop, name)
    first, second = firm.member(), firm.member(Role.DISTRIBUTOR)
    enter(firm, first, wecom="nobody1", dingtalk="zhangsan")
    enter(firm, second, wecom="nobody2")

    deliver(firm)

    assert [said["to"] for said in chats.desk.sent_at("dingtalk.app")] == ["zhangsan"]
    assert mailbox.letters(firm.mail("distributor"))
    assert not mailbox.letters(firm.mail("administrator"))


def test_a_chat_that_is_out_of_order_is_followed_by_the_next(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "wecom")
    chats.desk.ail("answer", "wecom.app", code=60020)
    enter(firm, firm.member(), wecom="zhangsan")

    deliver(firm)

    assert mailbox.letters(firm.mail("administrator"))


def test_a_chat_that_does_not_answer_for_hours_is_followed_by_the_next(
    firm: Firm, chats: Chats, mailbox: Mailbox
) -> None:
    chats.connect(firm.shop, "wecom")
    chats.desk.ail("answer", "wecom.app", code=-1)
    enter(firm, firm.member(), wecom="zhangsan")
    deliver(firm)
    late = clock.now() + timedelta(hours=7)
    with clock.running(lambda: late):
        firm.shop.drain()

    assert mailbox.letters(firm.mail("administrator"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE])
def test_who_cannot_do_anything_with_it_is_told_nothing(firm: Firm, chats: Chats, role: Role) -> None:
    chats.connect(firm.shop, "wecom")
    enter(firm, firm.member(role), wecom="zhangsan")

    deliver(firm)

    assert not chats.desk.sent_at("wecom.app")


def test_who_was_taken_out_meanwhile_is_told_nothing(firm: Firm, chats: Chats) -> None:
    chats.connect(firm.shop, "wecom")
    firm.member()
    gone = firm.member(Role.DISTRIBUTOR)
    enter(firm, gone, wecom="gone")
    firm.shop.write(lambda: companies.end_member(firm.id, gone, now=clock.now(), by=SYSTEM))

    deliver(firm)

    assert not chats.desk.sent_at("wecom.app")


def test_user_ids_lie_sealed_and_can_be_taken_away(firm: Firm) -> None:
    user = firm.member()
    enter(firm, user, wecom="zhangsan", dingtalk="0123")
    rows = firm.shop.read(lambda: db.session().scalars(select(MemberWay)).all())
    assert all(b"zhangsan" not in row.sealed for row in rows)

    enter(firm, user, dingtalk="0123")
    left = firm.shop.read(lambda: queries.reached_by(firm.id, user))
    assert [(way, secret.expose()) for way, secret in left.items()] == [(Channel.DINGTALK, "0123")]


@pytest.mark.parametrize("text", ["a b", "zhang|san", "张三", "x" * 65, "a,b"])
def test_what_is_no_user_id_is_refused_at_its_field(firm: Firm, text: str) -> None:
    user = firm.member()
    with pytest.raises(Invalid) as refused:
        enter(firm, user, wecom=text)
    assert set(refused.value.fields) == {"wecom"}


def test_nobody_of_another_company_can_be_entered(firm: Firm) -> None:
    with pytest.raises(NotFound):
        enter(firm, new_id(), wecom="zhangsan")


# The shop's plan holds for them, too -----------------------------------------------------------------------------

MORNING = datetime(2027, 3, 2, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai
MIDNIGHT = MORNING - timedelta(hours=8)
NIGHT = {"quiet_from": 22 * 60, "quiet_to": 8 * 60}


def test_the_shops_order_decides_unless_a_member_did(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    for name in ("wecom", "dingtalk"):
        chats.connect(firm.shop, name)
    plan(firm.shop, channels=(Channel.DINGTALK, Channel.EMAIL, Channel.WECOM))
    usual, other = firm.member(), firm.member(Role.DISTRIBUTOR)
    enter(firm, usual, wecom="nobody1", dingtalk="usual")
    enter(firm, other, wecom="other", dingtalk="other")
    firm.shop.write(lambda: companies.choose_first(firm.id, other, Channel.WECOM))

    deliver(firm)

    assert [said["to"] for said in chats.desk.sent_at("dingtalk.app")] == ["usual"]
    assert [said["to"] for said in chats.desk.sent_at("wecom.app")] == [["other"]]
    assert firm.shop.read(lambda: queries.ways_of(firm.id, usual)) == [
        Channel.DINGTALK,
        Channel.EMAIL,
        Channel.WECOM,
    ]


def test_a_way_that_the_shop_does_not_use_tells_no_member(firm: Firm, chats: Chats) -> None:
    for name in ("wecom", "dingtalk"):
        chats.connect(firm.shop, name)
    plan(firm.shop, off=frozenset({Channel.WECOM}))
    enter(firm, firm.member(), wecom="zhangsan", dingtalk="zhangsan")

    deliver(firm)

    assert not chats.desk.sent_at("wecom.app")
    assert len(chats.desk.sent_at("dingtalk.app")) == 1


def test_at_night_no_chat_wakes_a_member(firm: Firm, chats: Chats) -> None:
    chats.connect(firm.shop, "wecom")
    plan(firm.shop, **NIGHT)
    enter(firm, firm.member(), wecom="zhangsan")

    with later(MIDNIGHT):
        deliver(firm)
        assert not chats.desk.sent_at("wecom.app")
    with later(MORNING):
        firm.shop.drain()

    assert len(chats.desk.sent_at("wecom.app")) == 1


def test_a_letter_that_was_refused_is_followed_by_the_chat(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "wecom")
    plan(firm.shop, channels=(Channel.EMAIL, Channel.WECOM))
    enter(firm, firm.member(), wecom="zhangsan")
    fail_letters = Refused("550 no such mailbox")
    with answering("companies.ready_letter", fail_letters):
        deliver(firm)

    assert len(chats.desk.sent_at("wecom.app")) == 1


def test_who_wants_nothing_by_mail_gets_no_letter_when_a_chat_fails(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "wecom")
    enter(firm, firm.member(), wecom="nobody")
    index = firm.shop.write(lambda: orders.contact_index(firm.mail("administrator")))
    wish = {"now": clock.now(), "by": SYSTEM}
    firm.shop.write(lambda: delivery.choose_wanted(index, Channel.EMAIL, delivery.Wanted.NOTHING, **wish))  # type: ignore[arg-type]

    deliver(firm)

    assert not mailbox.letters(firm.mail("administrator"))


def test_a_doubt_is_followed_by_nothing(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "wecom")
    enter(firm, firm.member(), wecom="zhangsan")

    with answering("companies.ready_wecom", Unknown("no answer")):
        deliver(firm)
        with later(hours=7):
            firm.shop.drain()

    assert not mailbox.letters(firm.mail("administrator"))


def test_a_failure_that_is_told_twice_at_the_same_moment_is_followed_once(firm: Firm, chats: Chats) -> None:
    for name in ("wecom", "dingtalk"):
        chats.connect(firm.shop, name)
    enter(firm, firm.member(), wecom="zhangsan", dingtalk="zhangsan")
    deliver(firm)
    (told,) = firm.shop.read(lambda: db.session().scalars(select(Telling)).all())
    failed = ChatFailed(subject_id=told.id, teller="companies.ready_wecom", reason="gone", at=clock.now())

    def follow() -> None:
        firm.shop.write(lambda: companies.follow_failed([failed]))

    at_once([follow] * 4)

    asked = firm.shop.read(lambda: effects.list_of([told.id]))[told.id]
    assert sorted(each.kind for each in asked) == ["companies.ready_dingtalk", "companies.ready_wecom"]
