"""Contacts are found by a blind index; an order's password opens it for who wrote it down."""

import pytest

from app.kit import clock, db
from app.kit.ids import public
from app.kit.listing import listed
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.rules import same_contact
from tests.make import Shop
from tests.people import alice


def found(shop: Shop, text: str) -> set[str]:
    """Return the numbers of the orders that the office finds by a text."""
    return {order.number for order in shop.read(lambda: listed(orders.ORDERS, {"q": text}).page.rows)}


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        (" Dora@Example.COM ", "dora@example.com"),
        ("+86 138-0013-8000", "13800138000"),
        ("0086 138 0013 8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("(020) 8888.6666", "02088886666"),
        ("+1 212 555 0100", "12125550100"),
        ("WeChat-Dora", "wechat-dora"),
        ("86138", "86138"),
    ],
)
def test_a_contact_has_one_spelling(typed: str, same: str) -> None:
    assert same_contact(typed) == same


def test_the_office_finds_orders_by_contact_and_by_number(shop: Shop) -> None:
    shop.codes(3)
    dora = {shop.place(contact="Dora@example.com").number, shop.place(contact="dora@example.com").number}
    other = shop.place(contact="13800138000")

    assert found(shop, " dora@EXAMPLE.com") == dora
    assert found(shop, "+86 138 0013 8000") == {other.number}
    assert found(shop, other.number) == {other.number}
    assert found(shop, "dora") == set()


def test_before_the_first_order_a_search_finds_nothing(shop: Shop) -> None:
    assert found(shop, "dora@example.com") == set()


def test_the_search_field_of_the_office_takes_a_contact(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place(contact="dora@example.com")

    page = alice(shop).get(f"/office/{shop.slug}/orders?q=Dora%40example.com").get_data(as_text=True)

    assert public("ord", order.id) in page


def test_the_index_of_a_contact_tells_nothing_and_is_another_in_every_shop(shop: Shop, other: Shop) -> None:
    shop.codes(1)
    other.codes(1)
    here, there = (place.order(place.place(contact="dora@example.com")) for place in (shop, other))

    assert here.contact_index != there.contact_index
    assert len(here.contact_index) == 32


def password(shop: Shop, order: Order) -> str:
    return shop.read(lambda: orders.password_of(order)).expose()


def opens(shop: Shop, order: Order, text: str) -> bool:
    return shop.read(lambda: orders.is_password(order, text))


def test_a_password_is_taken_however_it_is_typed(shop: Shop) -> None:
    shop.codes(1)
    order = shop.order(shop.place())
    text = password(shop, order)

    assert [len(group) for group in text.split("-")] == [4, 4, 4]
    for typed in (text, text.lower(), text.replace("-", ""), text.replace("-", " – "), text.replace("0", "o")):
        assert opens(shop, order, typed)


def test_another_orders_password_opens_nothing(shop: Shop) -> None:
    shop.codes(2)
    order, other = shop.order(shop.place()), shop.order(shop.place())

    assert not opens(shop, order, password(shop, other))
    assert not opens(shop, order, password(shop, order)[:-1])
    assert not opens(shop, order, "")


def test_an_order_from_before_there_were_passwords_has_none(shop: Shop) -> None:
    shop.codes(1)
    order = shop.order(shop.place())
    order.password_hash = b""

    assert not opens(shop, order, password(shop, order))
    assert not opens(shop, order, "")


def test_passwords_do_not_repeat_and_use_every_letter(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()

    def of(number: int) -> str:
        order.idem = number.to_bytes(32)
        return orders.password_of(order).expose()

    made = shop.read(lambda: [of(number) for number in range(300)])

    assert len(set(made)) == 300
    assert len(set("".join(made)) - {"-"}) == 32


def test_what_the_database_keeps_is_not_the_password(shop: Shop) -> None:
    shop.codes(1)
    order = shop.order(shop.place(at=clock.now()))
    letters = password(shop, order).replace("-", "")

    def row() -> str:
        return str(db.session().execute(Order.__table__.select().where(Order.id == order.id)).all())

    assert letters not in shop.read(row)
