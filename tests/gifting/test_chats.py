"""A claim's link goes to a person by WeCom or DingTalk, and by letter when that fails; never by SMS."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.delivery import service as delivery
from app.gifting import service
from app.gifting.errors import NothingToTell
from app.gifting.models import HandoutRow, ProofKind
from app.gifting.queries import Person
from app.gifting.rules import people_of
from app.kit import bounces, clock, db, effects
from app.kit.effects import Refused, Unknown
from app.kit.events import SYSTEM
from app.messages.events import ChatFailed
from app.messages.queries import Channel
from app.orders import queries as orders
from tests import smtp
from tests.companies.firm import Firm
from tests.delivery.bounced import bounce, report
from tests.delivery.routes import answering, later, plan
from tests.mailbox import Mailbox
from tests.make import at_once
from tests.messages.chats import Chats, running

MIDNIGHT = datetime(2027, 3, 1, 16, 30, tzinfo=UTC)  # 00:30 in Shanghai


@pytest.fixture
def chats(firm: Firm) -> Iterator[Chats]:
    with running() as chats:
        yield chats


@pytest.fixture
def mailbox(firm: Firm, tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


def give(firm: Firm, *lines: str) -> None:
    """Hand a batch out to the people of a list, and let workers do the rest."""
    shop, people = firm.shop, list(people_of("\n".join(lines)))
    shop.codes(len(people))
    firm.top_up(len(people) * 1999)
    order = firm.order(len(people))
    plan = service.Plan(firm.id, order.id, "New Year", ProofKind.REFERENCE, "en")
    number = shop.write(lambda: service.draft(plan, people, now=clock.now(), by=SYSTEM))
    given = {"company_id": firm.id, "count": len(people), "now": clock.now(), "by": SYSTEM}
    shop.write(lambda: service.confirm(number, **given))  # type: ignore[arg-type]
    shop.drain()


def test_lists_name_user_ids_of_chats(firm: Firm) -> None:
    lines = "Li,E-1,li@example.com,wecom:li.wei\nWang,E-2,钉钉：0123\nAnna,DingTalk: a@b,E-3\nBob,E-4"

    assert list(people_of(lines)) == [
        Person("Li", "E-1", "li@example.com", (Channel.WECOM, "li.wei")),
        Person("Wang", "E-2", "", (Channel.DINGTALK, "0123")),
        Person("Anna", "E-3", "", (Channel.DINGTALK, "a@b")),
        Person("Bob", "E-4"),
    ]


def test_whom_a_chat_reaches_gets_the_link_there_and_no_letter(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    for name in ("wecom", "dingtalk"):
        chats.connect(firm.shop, name)

    give(firm, "Li,E-1,li@example.com,wecom:li", "Wang,E-2,dingtalk:wang")

    (wecom,), (dingtalk,) = chats.desk.sent_at("wecom.app"), chats.desk.sent_at("dingtalk.app")
    assert wecom["to"] == ["li"]
    assert "/g/" in wecom["said"]["url"]
    assert dingtalk["to"] == "wang"
    assert not mailbox.letters("li@example.com")
    rows = firm.shop.read(lambda: db.session().scalars(select(HandoutRow)).all())
    assert all(b"wang" not in (row.chat_sealed or b"") for row in rows)


def test_whom_a_chat_does_not_reach_gets_a_letter(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "wecom")

    give(firm, "Li,E-1,li@example.com,wecom:nobody", "Wang,E-2,wecom:nobody2")

    assert len(mailbox.letters("li@example.com")) == 1
    assert not chats.desk.sent_at("wecom.app")


def test_whom_dingtalk_did_not_reach_after_all_gets_a_letter(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "dingtalk")

    give(firm, "Li,E-1,li@example.com,dingtalk:nobody")
    for seconds in (6, 12, 60):
        with later(seconds=seconds):
            firm.shop.drain()

    assert len(mailbox.letters("li@example.com")) == 1


def test_without_a_carrier_everybody_with_an_address_gets_a_letter(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    give(firm, "Li,E-1,li@example.com,wecom:li")

    assert len(mailbox.letters("li@example.com")) == 1


# The shop's plan holds for them, too -----------------------------------------------------------------------------


def test_the_shops_order_decides_which_way_comes_first(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "wecom")
    plan(firm.shop, channels=(Channel.EMAIL, Channel.WECOM))

    give(firm, "Li,E-1,li@example.com,wecom:li")

    assert len(mailbox.letters("li@example.com")) == 1
    assert not chats.desk.sent_at("wecom.app")


def test_a_letter_that_was_refused_is_followed_by_the_chat(firm: Firm, chats: Chats) -> None:
    chats.connect(firm.shop, "wecom")
    plan(firm.shop, channels=(Channel.EMAIL, Channel.WECOM))

    with answering("gifting.mail", Refused("550 no such mailbox")):
        give(firm, "Li,E-1,li@example.com,wecom:li")

    assert len(chats.desk.sent_at("wecom.app")) == 1


def test_a_letter_that_came_back_is_followed_by_the_chat_once(firm: Firm, chats: Chats) -> None:
    chats.connect(firm.shop, "wecom")
    plan(firm.shop, channels=(Channel.EMAIL, Channel.WECOM))
    bounces.configure("bounces.example.com")
    with smtp.listening() as server:
        give(firm, "Li,E-1,li@example.com,wecom:li")
    (row,) = firm.shop.read(lambda: db.session().scalars(select(HandoutRow)).all())
    back = bounces.address_for(firm.shop.merchant_id, row.id)
    bounces.configure("")

    assert back in server.senders
    later_on = report(back, action="delayed", status="4.2.2")
    said = [bounce(firm.shop, raw)["news"] for raw in (later_on, report(back), report(back))]
    firm.shop.drain()

    assert said == [False, True, False]
    assert len(chats.desk.sent_at("wecom.app")) == 1


def test_a_doubt_is_followed_by_nothing(firm: Firm, chats: Chats, mailbox: Mailbox) -> None:
    chats.connect(firm.shop, "wecom")

    with answering("gifting.wecom", Unknown("no answer")):
        give(firm, "Li,E-1,li@example.com,wecom:li")
        with later(hours=3):
            firm.shop.drain()

    assert not mailbox.letters("li@example.com")


def test_at_night_no_chat_wakes_who_is_given_something(firm: Firm, chats: Chats) -> None:
    chats.connect(firm.shop, "wecom")
    plan(firm.shop, quiet_from=22 * 60, quiet_to=8 * 60)

    with later(MIDNIGHT):
        give(firm, "Li,E-1,,wecom:li")
        assert not chats.desk.sent_at("wecom.app")
    with later(MIDNIGHT + timedelta(hours=8)):
        firm.shop.drain()

    assert len(chats.desk.sent_at("wecom.app")) == 1


def test_a_way_the_shop_would_rather_not_use_is_taken_when_there_is_no_other(
    firm: Firm, chats: Chats, mailbox: Mailbox
) -> None:
    chats.connect(firm.shop, "wecom")
    plan(firm.shop, off=frozenset({Channel.EMAIL}))

    give(firm, "Li,E-1,li@example.com,wecom:li", "Bob,E-2,bob@example.com")

    assert not mailbox.letters("li@example.com")
    assert len(mailbox.letters("bob@example.com")) == 1


def test_who_wants_nothing_by_mail_gets_no_letter_until_they_take_that_back(
    firm: Firm, chats: Chats, mailbox: Mailbox
) -> None:
    want(firm, "li@example.com", delivery.Wanted.NOTHING)
    give(firm, "Li,E-1,li@example.com")
    (row,) = rows_of(firm)
    assert not mailbox.letters("li@example.com")
    with pytest.raises(NothingToTell):
        remind(firm, row)

    want(firm, "li@example.com", delivery.Wanted.ALL)
    remind(firm, row)
    firm.shop.drain()

    assert len(mailbox.letters("li@example.com")) == 1


@pytest.mark.both_engines
def test_a_failure_that_is_told_twice_at_the_same_moment_is_followed_once(firm: Firm, chats: Chats) -> None:
    chats.connect(firm.shop, "wecom")
    give(firm, "Li,E-1,li@example.com,wecom:li")
    (row,) = rows_of(firm)
    failed = ChatFailed(subject_id=row.id, teller="gifting.wecom", reason="gone", at=clock.now())

    at_once([lambda: firm.shop.write(lambda: service.follow_failed([failed]))] * 4)

    asked = firm.shop.read(lambda: effects.list_of([row.id]))[row.id]
    assert sorted(each.kind for each in asked) == ["gifting.mail", "gifting.wecom"]


def rows_of(firm: Firm) -> list[HandoutRow]:
    return list(firm.shop.read(lambda: db.session().scalars(select(HandoutRow)).all()))


def remind(firm: Firm, row: HandoutRow) -> None:
    asked = {"company_id": firm.id, "now": clock.now(), "by": SYSTEM}
    firm.shop.write(lambda: service.remind(row.handout_id, row.id, **asked))  # type: ignore[arg-type]


def want(firm: Firm, contact: str, wanted: delivery.Wanted) -> None:
    index = firm.shop.write(lambda: orders.contact_index(contact))
    said = {"now": clock.now(), "by": SYSTEM}
    firm.shop.write(lambda: delivery.choose_wanted(index, Channel.EMAIL, wanted, **said))  # type: ignore[arg-type]
