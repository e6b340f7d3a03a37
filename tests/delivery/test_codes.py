"""A code by mail proves a contact: in the browser that asked, for ten minutes, within five tries, and once."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from app.delivery import queries, service
from app.delivery.errors import DeadCode, NoCodesByMail, TooManyCodes
from app.delivery.models import About, Channel, ContactOwner, State
from app.delivery.rules import is_one_mailbox, may_prove, proof_kind
from app.delivery.service.owning import ASKED_PER_NAME
from app.kit import clock, db
from app.kit.onetime import CODE_LIFE, CODE_TRIES, GUESSED_AT, is_digits
from app.orders import queries as orders
from app.orders.models import Order
from app.web.dispatch import Miaofa
from tests.delivery.codes import DORA, Asked, allow, at, happened, left_of, passed, sell, told
from tests.kit.depth import share
from tests.mailbox import text_of
from tests.make import Shop, at_once, make_shop
from tests.smtp import MailServer

GUESSES = share(10_000)
EMAIL, NOWHERE = frozenset({Channel.EMAIL}), frozenset[Channel]()


@pytest.fixture
def open_shop(shop: Shop) -> Shop:
    """A shop that takes codes by mail."""
    allow(shop, True)
    return shop


# The letter ------------------------------------------------------------------------------------------------------


def test_the_digits_come_by_a_letter_that_says_who_asked_and_leads_nowhere(open_shop: Shop, server: MailServer) -> None:
    order = sell(open_shop)
    open_shop.drain()
    asked = Asked(open_shop)
    open_shop.drain()

    letter = server.letters[-1]
    assert letter.to == (DORA,)
    assert letter.message["Subject"] == "Your code for Alice's"
    assert re.findall(r"^(\d{6})$", letter.text, re.MULTILINE) == [asked.digits]
    for word in ("Firefox, Windows", "192.0.2.0/24", "10 minutes", "If it was not you, do nothing"):
        assert word in letter.text
    html = text_of(letter.message, "html")
    assert asked.digits in html
    for way_on in ("http", "href", "/r/", order.number):
        assert way_on not in letter.text + html
    assert asked.digits not in str(letter.message.items())
    assert asked.types(asked.digits) is None
    assert asked.owns() == 1


def test_the_letter_speaks_the_language_of_the_order(open_shop: Shop, server: MailServer) -> None:
    order = sell(open_shop)
    open_shop.drain()
    open_shop.write(lambda: setattr(db.get(Order, order.id), "lang", "zh"))
    Asked(open_shop)
    open_shop.drain()

    assert re.search("[\u4e00-\u9fff]", server.letters[-1].text)


def test_the_letter_is_listed_and_does_not_count_as_being_told(open_shop: Shop, server: MailServer) -> None:
    order = sell(open_shop)
    server.on_rcpt = lambda to: "550 no such mailbox"
    open_shop.drain()
    server.on_rcpt = lambda to: "250 OK"
    Asked(open_shop, name=order.number)
    open_shop.drain()

    assert told(open_shop, order) == [(About.READY, State.FAILED), (About.CODE, State.SENT)]
    assert open_shop.order(order).notified_at is None


def test_a_letter_that_waited_longer_than_its_code_lives_is_dropped(open_shop: Shop, server: MailServer) -> None:
    order = sell(open_shop)
    open_shop.drain()
    server.on_rcpt = lambda to: "450 try again later"
    asked = Asked(open_shop)
    open_shop.drain()
    assert told(open_shop, order)[-1] == (About.CODE, State.QUEUED)

    server.on_rcpt = lambda to: "250 OK"
    sent = len(server.letters)
    with at(asked.row.expires_at):
        open_shop.drain()

    assert told(open_shop, order)[-1] == (About.CODE, State.DROPPED)
    assert len(server.letters) == sent


def test_a_letter_of_a_shop_that_takes_no_codes_any_more_is_dropped(open_shop: Shop, server: MailServer) -> None:
    order = sell(open_shop)
    open_shop.drain()
    sent = len(server.letters)
    Asked(open_shop)
    allow(open_shop, False)
    open_shop.drain()

    assert told(open_shop, order)[-1] == (About.CODE, State.DROPPED)
    assert len(server.letters) == sent


@pytest.mark.parametrize("contact", ["13800138000", "a@b@c", "straße@example.com"])
def test_no_letter_goes_where_it_would_prove_nothing(open_shop: Shop, server: MailServer, contact: str) -> None:
    order = sell(open_shop, contact)
    open_shop.drain()
    Asked(open_shop, contact)
    Asked(open_shop, order.number)
    open_shop.drain()

    assert About.CODE not in [about for about, _ in told(open_shop, order)]


def test_an_order_that_was_never_paid_writes_to_nobody(open_shop: Shop, server: MailServer) -> None:
    open_shop.codes(1)
    order = open_shop.place(contact=DORA)
    Asked(open_shop, order.number)
    open_shop.drain()

    assert server.letters == []


# The digits ------------------------------------------------------------------------------------------------------


def test_wrong_digits_are_counted_down_and_the_sixth_try_is_refused_even_when_right(open_shop: Shop) -> None:
    sell(open_shop)
    asked = Asked(open_shop)

    said = [asked.types(asked.wrong) for _ in range(CODE_TRIES)]

    assert [left_of(it) for it in said] == [4, 3, 2, 1, None]
    assert isinstance(said[-1], DeadCode)
    assert isinstance(asked.types(asked.digits), DeadCode)
    assert asked.row.tries == CODE_TRIES
    assert asked.owns() == 0


def test_the_fifth_try_may_be_the_right_one(open_shop: Shop) -> None:
    sell(open_shop)
    asked = Asked(open_shop)
    for _ in range(CODE_TRIES - 1):
        asked.types(asked.wrong)

    assert asked.types(f" {asked.digits[:3]} {asked.digits[3:]} ") is None
    assert asked.owns() == 1


def test_a_code_ends_to_the_second(open_shop: Shop) -> None:
    sell(open_shop)
    early, late = Asked(open_shop), Asked(open_shop)
    assert late.row.expires_at - late.row.created_at == CODE_LIFE == timedelta(minutes=10)

    with at(late.row.expires_at):
        assert isinstance(late.types(late.digits), DeadCode)
    with at(early.row.expires_at - timedelta(microseconds=1)):
        assert early.types(early.digits) is None


def test_a_code_is_used_once(open_shop: Shop) -> None:
    sell(open_shop)
    asked = Asked(open_shop)
    assert asked.types(asked.digits) is None
    open_shop.write(lambda: service.sign_out(asked.device, now=clock.now()))

    assert isinstance(asked.types(asked.digits), DeadCode)
    assert asked.owns() == 0


def test_only_the_newest_code_of_a_browser_is_good(open_shop: Shop) -> None:
    sell(open_shop)
    first = Asked(open_shop)
    second = Asked(open_shop, device=first.device)
    assert first.device == second.device

    assert left_of(first.types(first.digits)) == 4
    assert second.types(second.digits) is None


def test_digits_typed_in_another_browser_are_worth_nothing(open_shop: Shop) -> None:
    sell(open_shop)
    here, there = Asked(open_shop), Asked(open_shop, "nobody@example.com")

    assert left_of(there.types(here.digits)) == 4
    assert (here.owns(), there.owns()) == (0, 0)
    assert here.types(here.digits) is None


def test_digits_of_what_no_order_fits_open_nothing_even_when_guessed(open_shop: Shop) -> None:
    sell(open_shop)
    asked = Asked(open_shop, "nobody@example.com")

    assert left_of(asked.types(asked.digits)) == 4
    assert asked.owns() == 0


@pytest.mark.both_engines
def test_ten_browsers_at_once_spend_five_tries_and_use_a_code_once(open_shop: Shop) -> None:
    sell(open_shop)
    asked, right = Asked(open_shop), Asked(open_shop)

    wrong = at_once([lambda: asked.types(asked.wrong)] * 10)
    good = at_once([lambda: right.types(right.digits)] * 4)

    assert sum(left_of(said) is not None for said in wrong) == CODE_TRIES - 1
    assert sum(said is None for said in good) == 1
    assert happened(open_shop, "owner.proved") == 1


def test_ten_thousand_random_digits_open_nothing(open_shop: Shop) -> None:
    sell(open_shop)
    asked = Asked(open_shop)
    guesses = [text for number in range(GUESSES) if (text := f"{number * 7919 % 10**6:06d}") != asked.digits]

    assert not any(is_digits(asked.id, text) for text in guesses)
    said = [left_of(asked.types(text)) for text in guesses[:40]]
    assert said == [4, 3, 2, 1, *[None] * 36]
    assert asked.owns() == 0


def test_who_guesses_from_many_browsers_and_networks_is_sent_no_more_codes(open_shop: Shop) -> None:
    sell(open_shop)
    for number in range(GUESSED_AT // CODE_TRIES):
        with passed(minutes=31 * (number // ASKED_PER_NAME)):
            asked = Asked(open_shop, network=f"10.0.{number}.0/24")
            assert asked.row.order_id is not None
            for _ in range(CODE_TRIES):
                asked.types(asked.wrong)

    with passed(hours=2):
        assert Asked(open_shop, network="10.1.0.0/24").row.order_id is None
    with passed(hours=26):
        assert Asked(open_shop, network="10.1.0.0/24").row.order_id is not None


@pytest.mark.parametrize("name", [DORA, "nobody@example.com"])
def test_asking_too_often_is_refused_whether_there_is_an_order_or_not(open_shop: Shop, name: str) -> None:
    sell(open_shop)
    with at(datetime.fromtimestamp(clock.now().timestamp() // 900 * 900 + 100, UTC)):
        for number in range(ASKED_PER_NAME):
            Asked(open_shop, name, f"10.0.{number}.0/24")
        with pytest.raises(TooManyCodes):
            Asked(open_shop, name, "10.0.9.0/24")


# The owner -------------------------------------------------------------------------------------------------------


def test_the_owner_is_signed_in_for_twelve_hours_to_the_second(open_shop: Shop) -> None:
    order = sell(open_shop)
    asked = Asked(open_shop)
    asked.types(asked.digits)
    owner = open_shop.read(lambda: db.session().scalars(select(ContactOwner)).one())
    assert owner.expires_at - owner.proved_at == timedelta(hours=12)

    def finds(now: datetime) -> Any:
        return open_shop.read(lambda: queries.find_owner(orders.get(order.id), owner.device_id, now=now))

    assert finds(owner.expires_at - timedelta(microseconds=1))
    assert not finds(owner.expires_at)
    assert proof_kind(owner.proved_at, now=owner.proved_at + timedelta(minutes=10, microseconds=-1)) == "otp"
    assert proof_kind(owner.proved_at, now=owner.proved_at + timedelta(minutes=10)) == "owner"


def test_an_owner_owns_all_orders_of_the_contact_and_no_other(open_shop: Shop, other: Shop) -> None:
    sell(open_shop)
    sell(open_shop, " Dora@Example.com")
    sell(open_shop, "eve@example.com")
    sell(other)
    asked = Asked(open_shop)
    asked.types(asked.digits)

    assert asked.owns() == 2


def test_a_namesake_in_the_index_is_not_owned(open_shop: Shop) -> None:
    sell(open_shop, "straße@example.com")
    sell(open_shop, "strasse@example.com")  # the same index, another mailbox
    asked = Asked(open_shop, "strasse@example.com")
    asked.types(asked.digits)

    assert asked.owns() == 1


def test_orders_from_before_there_was_an_index_are_nobodys(open_shop: Shop) -> None:
    order = sell(open_shop)
    open_shop.write(lambda: setattr(db.get(Order, order.id), "contact_index", b""))

    assert Asked(open_shop, order.number).row.order_id is None


def test_a_shop_that_takes_codes_no_more_ends_what_they_proved_at_once(open_shop: Shop) -> None:
    sell(open_shop)
    asked = Asked(open_shop)
    asked.types(asked.digits)
    assert asked.owns() == 1

    allow(open_shop, False)

    assert asked.owns() == 0
    for verb in (lambda: asked.types(asked.digits), lambda: Asked(open_shop)):
        with pytest.raises(NoCodesByMail):
            verb()


def test_codes_are_off_unless_somebody_allows_them(shop: Shop) -> None:
    with pytest.raises(NoCodesByMail):
        Asked(shop)


# The rules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "told_by", "allowed", "may"),
    [
        (Channel.EMAIL, EMAIL, False, False),
        (Channel.EMAIL, EMAIL, True, True),
        (Channel.EMAIL, NOWHERE, False, True),  # whose links went another way, or none
    ],
)
def test_the_same_channel_proves_only_where_it_is_allowed(
    by: Channel, told_by: frozenset[Channel], allowed: bool, may: bool
) -> None:
    assert may_prove(by, told_by, allowed) is may


@pytest.mark.parametrize(
    ("contact", "sure"),
    [
        (DORA, True),
        ("Dora@商店.中国", True),
        ("ｄora@example.com", False),
        ("straße@example.com", False),
        ("138", False),
    ],
)
def test_which_contacts_are_one_mailbox(contact: str, sure: bool) -> None:
    assert is_one_mailbox(contact) is sure


def test_the_migration_is_taken_back_over_letters_of_codes(fresh: Miaofa, server: MailServer) -> None:
    shop = make_shop(fresh)
    allow(shop, True)
    order = sell(shop)
    Asked(shop)
    shop.drain()
    assert [about for about, _ in told(shop, order)] == [About.READY, About.CODE]

    downgrade(revision="0004")
    upgrade()

    assert [about for about, _ in told(shop, order)] == [About.READY]
