"""Looking an order up: its password leads to it from anywhere; who guesses learns nothing, not even what exists."""

import re
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.throttle import PER_NAME, PER_NETWORK
from app.delivery.service.proving import ASKED_PER_NAME
from app.kit import db
from app.kit.events import EventRow
from app.kit.ids import base32
from app.orders import queries as orders
from app.payments.models import Notice
from tests.kit.depth import share
from tests.make import Browser, Shop
from tests.web.shop.doors import Linked, alike, from_network, in_one_window, later, linked_by, statements
from tests.web.shop.test_purchase import shown_codes

NUMBERS = share(10_000)  # on each engine
ASKED = min(share(200), 200) // 2
WRONG = "AAAA-AAAA-AAAA"


@pytest.fixture
def linked(shop: Shop) -> Linked:
    return Linked(shop)


def look_up(browser: Browser, name: str, password: str, **more: Any) -> Any:
    page = f"/s/{browser.slug}/lookup"
    return browser.post(page, {"name": name, "password": password}, page=page, **more)


def ask(browser: Browser, name: str, **more: Any) -> Any:
    page = f"/s/{browser.slug}/lookup/link"
    return browser.post(page, {"name": name}, page=page, **more)


# The right password ----------------------------------------------------------------------------------------------


def test_number_and_password_lead_to_the_order_on_another_device(linked: Linked) -> None:
    phone = linked.shop.client()

    found = look_up(phone, linked.order.number, linked.password)

    assert (found.status_code, linked_by(found.location)) == (303, linked_by(linked.url))
    assert shown_codes(phone.get(found.location).get_data(as_text=True)) == []
    opened = phone.post(f"{found.location}/reveal", {}, page=found.location)
    assert len(shown_codes(opened.get_data(as_text=True))) == 1
    assert linked.used() == (1, 1)


@pytest.mark.parametrize("name", ["dora@example.com", " Dora@Example.COM ", "number"])
def test_the_contact_finds_it_as_well_however_it_is_written(linked: Linked, name: str) -> None:
    written = f" {linked.order.number[:6]} {linked.order.number[6:]}" if name == "number" else name

    assert linked.is_at(look_up(linked.shop.client(), written, linked.password.lower()).location)


def test_of_a_contacts_orders_the_password_finds_its_own(shop: Shop) -> None:
    first, second = Linked(shop), Linked(shop)

    assert first.is_at(look_up(shop.client(), "dora@example.com", first.password).location)
    assert second.is_at(look_up(shop.client(), "dora@example.com", second.password).location)


@pytest.mark.parametrize("spelled", [str, lambda number: f" {number[:8]} {number[8:]} "])
@pytest.mark.parametrize("whose", ["the gateway's", "ours"])
def test_the_number_in_the_payment_app_finds_it(linked: Linked, whose: str, spelled: Any) -> None:
    number = spelled(payment_of(linked)[whose])

    assert linked.is_at(look_up(linked.shop.client(), number, linked.password).location)
    assert look_up(linked.shop.client(), number, WRONG, **from_network(9)).status_code == 422


def test_only_the_whole_number_of_a_payment_of_this_shop_finds_it(linked: Linked, other: Shop) -> None:
    for number in payment_of(linked).values():
        assert look_up(linked.shop.client(), number[:-1], linked.password, **from_network(1)).status_code == 422
        assert look_up(other.client(), number, linked.password, **from_network(2)).status_code == 422


def test_the_number_of_a_payment_has_the_link_sent(linked: Linked) -> None:
    assert ask(linked.shop.client(), payment_of(linked)["the gateway's"]).status_code == 303

    query = select(EventRow.order_id).where(EventRow.name == "link.asked")
    assert linked.shop.read(lambda: db.session().scalars(query).all()) == [linked.order.id]


def payment_of(linked: Linked) -> dict[str, str]:
    """Return the numbers of the payment of an order, as Dora's payment app shows them."""
    (notice,) = linked.shop.read(lambda: db.session().scalars(select(Notice)).all())
    assert notice.trade_no
    assert notice.tender_id
    return {"the gateway's": notice.trade_no, "ours": base32(notice.tender_id)}


def test_an_order_whose_links_have_ended_gets_a_new_one(linked: Linked) -> None:
    with later(days=31):
        found = look_up(phone := linked.shop.client(), linked.order.number, linked.password)

        assert (found.status_code, found.location != linked.url) == (303, True)
        assert phone.get(found.location).status_code == 200


# Wrong ones ------------------------------------------------------------------------------------------------------


def test_none_and_not_yours_are_answered_alike(shop: Shop, other: Shop) -> None:
    linked, elsewhere = Linked(shop), Linked(other)
    asked = {
        (linked.order.number, WRONG),  # somebody's
        ("dora@example.com", WRONG),
        ("2602170000000001", WRONG),  # nobody's
        ("nobody@example.com", WRONG),
        ("no such thing", linked.password),
        (elsewhere.order.number, elsewhere.password),  # of another shop
        (linked.order.number, elsewhere.password),
        *((number, WRONG) for number in payment_of(linked).values()),
        *((number, elsewhere.password) for number in payment_of(elsewhere).values()),
    }

    told, queries = set(), set()
    for place, (name, password) in enumerate(asked):
        browser = shop.client()
        token = browser.token(f"/s/{shop.slug}/lookup")
        form = {"csrf_token": token, "name": name, "password": password}
        with statements() as seen:
            answer = browser.client.post(f"/s/{shop.slug}/lookup", data=form, **from_network(place))
        told.add(str(alike(answer, name, password)))
        queries.add("\n".join(seen))

    assert len(told) == 1, told
    assert next(iter(told)).startswith("(422")
    assert len(queries) == 1, queries


@pytest.mark.parametrize("known", [True, False])
def test_tries_are_counted_for_each_name_known_or_not(linked: Linked, known: bool) -> None:
    stranger, name = linked.shop.client(), linked.order.number if known else "2602170000000001"

    with in_one_window():
        answers = [look_up(stranger, name, WRONG) for _ in range(PER_NAME)]
        again = look_up(stranger, name, linked.password)

    assert [answer.status_code for answer in (*answers, again)] == [422] * (PER_NAME - 1) + [429, 429]
    left = [re.findall(r"(\d+)", words_of(answer))[-1] for answer in answers[:-1]]
    assert left == [str(number) for number in range(PER_NAME - 1, 0, -1)]
    assert linked.used() == (0, 0)


def test_a_network_that_guesses_is_stopped_whatever_it_asks_for(linked: Linked) -> None:
    stranger = linked.shop.client()

    with in_one_window():
        answers = [look_up(stranger, f"26021700000{number:05d}", WRONG).status_code for number in range(PER_NETWORK)]
        inside, outside = (
            look_up(stranger, linked.order.number, linked.password, **it) for it in ({}, from_network(3))
        )

    assert answers == [422] * (PER_NETWORK - 1) + [429]
    assert (inside.status_code, outside.status_code) == (429, 303)


def test_a_stranger_does_not_lock_the_buyer_out(linked: Linked) -> None:
    for _ in range(PER_NAME + 2):
        look_up(linked.shop.client(), linked.order.number, WRONG, **from_network(1))

    assert look_up(linked.shop.client(), linked.order.number, linked.password, **from_network(2)).status_code == 303


def test_ten_thousand_order_numbers_show_nothing(shop: Shop) -> None:
    made = [Linked(shop) for _ in range(3)]
    stranger = shop.client()
    near = [str(int(made[1].order.number) + step) for step in range(-NUMBERS // 2, NUMBERS // 2)]
    tries = [*near[:ASKED], *(it.order.number for it in made), *near[-ASKED:]]

    told = [look_up(stranger, name, WRONG, **from_network(place)) for place, name in enumerate(tries)]

    assert len({str(alike(answer, name)) for answer, name in zip(told, tries, strict=True)}) == 1
    guesses = [(name, WRONG) for name in near] + [(name, made[0].password) for name in near]
    assert not shop.read(lambda: [name for name, password in guesses if orders.find_own(name, password)])
    numbers = sorted(int(it.order.number[6:]) for it in made)
    assert all(after - before > 1 for before, after in pairwise(numbers))


# Having the link sent again --------------------------------------------------------------------------------------


def test_asking_for_a_link_says_the_same_whether_there_is_an_order(shop: Shop) -> None:
    linked = Linked(shop)

    told, queries = set(), set()
    for place, name in enumerate((linked.order.number, "dora@example.com", "nobody@example.com", "2602170000000001")):
        browser = shop.client()
        token = browser.token(f"/s/{shop.slug}/lookup/link")
        form = {"csrf_token": token, "name": name}
        with statements() as seen:
            answer = browser.client.post(f"/s/{shop.slug}/lookup/link", data=form, **from_network(place))
        told.add(str(alike(answer, name)))
        queries.add("\n".join(seen))

    assert len(told) == len(queries) == 1
    assert [row.order_id for row in asked_for(shop)] == [linked.order.id, linked.order.id, None, None]


def test_a_contact_is_sent_the_link_of_its_latest_paid_order(shop: Shop) -> None:
    first, second = Linked(shop), Linked(shop)
    shop.codes(1)
    shop.place(contact="dora@example.com")  # unpaid

    ask(shop.client(), "dora@example.com")

    assert first.order.id != second.order.id
    assert [row.order_id for row in asked_for(shop)] == [second.order.id]


@pytest.mark.parametrize("known", [True, False])
def test_asking_too_often_is_refused_alike(linked: Linked, known: bool) -> None:
    name = "dora@example.com" if known else "nobody@example.com"

    with in_one_window():
        answers = [ask(linked.shop.client(), name, **from_network(number)) for number in range(ASKED_PER_NAME + 1)]

    assert [answer.status_code for answer in answers] == [303] * ASKED_PER_NAME + [429]
    assert len(asked_for(linked.shop)) == ASKED_PER_NAME


def test_what_was_typed_comes_back_but_never_the_password(linked: Linked) -> None:
    page = look_up(linked.shop.client(), linked.order.number, "WRON-GONE-HERE").get_data(as_text=True)

    assert f'value="{linked.order.number}"' in page
    assert "WRON-GONE-HERE" not in page


def words_of(answer: Any) -> str:
    """Return what an answer says is wrong with the password."""
    found = re.search(r'id="f-password-error">(.*?)</p>', answer.get_data(as_text=True), re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1])


def asked_for(shop: Shop) -> list[EventRow]:
    query = select(EventRow).where(EventRow.name == "link.asked").order_by(EventRow.id)
    return shop.read(lambda: list(db.session().scalars(query)))
