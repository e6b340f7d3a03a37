"""A claim's link goes to a person by WeCom or DingTalk, and by letter when that fails; never by SMS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.gifting import service
from app.gifting.models import HandoutRow, ProofKind
from app.gifting.queries import Person
from app.gifting.rules import people_of
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.messages.queries import Channel
from tests.companies.firm import Firm
from tests.delivery.routes import later
from tests.mailbox import Mailbox
from tests.messages.chats import Chats, running


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
