"""A shop says where answers to its letters go; nothing that is typed there adds a line or a reader to a letter."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.kit import db, mail
from app.kit.events import EventRow
from app.merchants import queries as merchants
from app.merchants.models import Merchant
from app.merchants.rules import reply_address
from tests import people
from tests.mailbox import Mailbox, text_of
from tests.mailbox import read as opened
from tests.make import Shop

HELP = "help@shop.example"
EVE = "eve@example.com"
ODD = [
    f"{HELP}\r\nBcc: {EVE}",
    f"{HELP}\nBcc: {EVE}",
    f"{HELP}\rBcc:{EVE}",
    f"Bcc:{EVE}\n{HELP}",
    f"{HELP}\r\n\r\nanother@letter.example",
    f"{HELP}\x85Bcc:x@y.example",
    f"help\u2028{EVE}",
    f"help\0{HELP}",
    f"help\x7f{HELP}",
    f"{HELP}, {EVE}",
    f"{HELP};{EVE}",
    f"<{HELP}>",
    f"Help <{HELP}>",
    f'"help"{HELP}',
    f"(help){HELP}",
    "help",
    "help@",
    "@shop.example",
    "help@shop",
    "help@@shop.example",
    "help@shop..example",
    "help@-shop.example",
    "help@127.0.0.1",
    "help@[127.0.0.1]",
    "help.@shop.example",
    "帮助@shop.example",
    f"{'a' * 65}@shop.example",
    f"help@{'a.' * 150}example",
]


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    before = mail._opener
    yield Mailbox(tmp_path / "spool")
    mail.configure(opener=before)


def test_answers_go_where_the_shop_says_from_the_next_letter_on(shop: Shop, mailbox: Mailbox) -> None:
    first = told(shop, mailbox)
    assert first["Reply-To"] is None
    assert "Replies to this e-mail are not read" in text_of(first)

    assert save(shop, HELP).status_code == 303
    second = told(shop, mailbox)

    assert second["Reply-To"] == HELP
    assert second["From"] == "Alice's <no-reply@shop.example>"
    assert "Replies to this e-mail reach the shop." in text_of(second)


def test_an_emptied_field_lets_nobody_read_answers(shop: Shop, mailbox: Mailbox) -> None:
    save(shop, HELP)
    save(shop, "  ")

    assert written_down(shop) == ""
    assert told(shop, mailbox)["Reply-To"] is None
    assert happened(shop) == [{"is_set": True}, {"is_set": False}]


def test_the_page_says_who_writes_and_what_the_letter_says(shop: Shop) -> None:
    page = f"/office/{shop.slug}/letters"
    alice = people.alice(shop)
    before = alice.get(f"{page}?lang=en").get_data(as_text=True)
    alice.post(page, {"reply_to": HELP}, page=page)
    after = alice.get(f"{page}?lang=en").get_data(as_text=True)

    for said in (before, after):
        assert "Alice&#39;s" in said
        assert shop.app.config["MIAOFA"].mail_from in said
    assert "Replies to this e-mail are not read" in before
    assert "Replies to this e-mail reach the shop." in after
    assert f'value="{HELP}"' in after
    assert page in alice.get(f"/office/{shop.slug}/messages").get_data(as_text=True)


def test_the_same_form_twice_changes_once_and_tells_no_address(shop: Shop) -> None:
    for _ in range(2):
        assert save(shop, f" {HELP} ").status_code == 303

    assert written_down(shop) == HELP
    assert happened(shop) == [{"is_set": True}]


def test_what_is_refused_stays_in_the_field_and_changes_nothing(shop: Shop) -> None:
    save(shop, HELP)
    english, chinese = save(shop, "help@shop", lang="en"), save(shop, "help@shop", lang="zh")

    for answer, words in ((english, "Replies cannot go to this address."), (chinese, "回信送不到这个地址")):
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True)
        assert 'value="help@shop"' in answer.get_data(as_text=True)
    assert written_down(shop) == HELP
    assert happened(shop) == [{"is_set": True}]


def test_another_shop_keeps_its_own(shop: Shop, other: Shop) -> None:
    save(other, "charlie@other.example")
    save(shop, HELP)
    page = f"/office/{other.slug}/letters"
    strange = people.alice(shop)

    assert strange.post(page, {"reply_to": EVE}, page=f"/office/{shop.slug}/letters").status_code == 404
    assert written_down(other) == "charlie@other.example"
    assert written_down(shop) == HELP


@pytest.mark.parametrize("role", ["operator", "support", "viewer"])
def test_who_may_not_change_it_may_look(shop: Shop, role: str) -> None:
    page = f"/office/{shop.slug}/letters"
    bob = people.bob(shop, role)
    said = bob.get(f"{page}?lang=en").get_data(as_text=True)

    assert "Your role can view this but not change it." in said
    assert ">Save<" not in said
    assert bob.post(page, {"reply_to": EVE}, page=page).status_code == 403
    assert written_down(shop) == ""


# Nothing but one address ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ODD)
def test_no_second_line_and_no_second_reader_is_taken(typed: str) -> None:
    assert reply_address(typed) == ""


@pytest.mark.parametrize("typed", ODD[:9])
def test_the_page_takes_none_either(shop: Shop, typed: str) -> None:
    assert save(shop, typed).status_code == 422
    assert written_down(shop) == ""


@pytest.mark.parametrize("stored", [f"{HELP}\r\nBcc: {EVE}", f"Help\nBcc: {EVE}\nX: {HELP}", f"help\0{HELP}"])
def test_even_one_that_stood_there_already_adds_no_header(shop: Shop, mailbox: Mailbox, stored: str) -> None:
    if "\0" in stored and not db.is_sqlite():
        stored = stored.replace("\0", "\r")  # which PostgreSQL can write down
    shop.write(lambda: db.session().execute(update(Merchant).values(reply_to=stored)))
    shop.write(merchants.forget)
    sell(shop)
    shop.drain()

    assert list(mailbox.folder.glob("*.eml")) == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (HELP, HELP),
        ("\r\n help@shop.example\n", HELP),
        ("Help.Me+shop@Shop.Example", "Help.Me+shop@shop.example"),
        ("o'neil@shop.example", "o'neil@shop.example"),
        ("help@商店.中国", f"help@{'商店.中国'.encode('idna').decode()}"),
        ("", ""),
    ],
)
def test_an_address_is_kept_as_the_network_writes_it(typed: str, kept: str) -> None:
    assert reply_address(typed) == kept


# -----------------------------------------------------------------------------------------------------------------


def save(shop: Shop, typed: str, *, lang: str = "en") -> Any:
    """Send the form as Alice, and return the answer."""
    page = f"/office/{shop.slug}/letters"
    return people.alice(shop).post(f"{page}?lang={lang}", {"reply_to": typed}, page=page)


def sell(shop: Shop) -> None:
    shop.codes(1)
    assert shop.pay(shop.place(contact="dora@example.com"))


def told(shop: Shop, mailbox: Mailbox) -> EmailMessage:
    """Sell once more, and return the newest letter."""
    sell(shop)
    shop.drain()
    return opened(max(mailbox.folder.glob("*.eml")))


def written_down(shop: Shop) -> str:
    return shop.read(merchants.get_reply_to)


def happened(shop: Shop) -> list[dict[str, object]]:
    query = select(EventRow.data).where(EventRow.name == "merchant.reply_to_changed").order_by(EventRow.id)
    return shop.read(lambda: list(db.session().scalars(query)))
