"""Forms that come at the same moment are placed in one unit, and each is answered as if it had come alone."""

import secrets
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.accounts.models import Device
from app.catalog.models import Kind
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.models import Code, Status
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import EventRow
from app.merchants import queries as merchants
from app.merchants.models import Merchant
from app.orders import service as ordering
from app.orders.errors import TooManyUnpaid
from app.orders.models import Order, Part
from app.web.shop.placing import Placed, Sent, place_all
from tests.engines import on_postgresql
from tests.make import Shop, at_once, make_product


def sent(shop: Shop, quantity: int = 1, *, contact: str = "", idem: str = "", device: str = "", sku: str = "") -> Sent:
    someone, form = contact or f"{secrets.token_hex(6)}@example.com", idem or secrets.token_hex(8)
    return Sent(ordering.Basket(((sku or shop.sku, quantity),), someone, "en", form), device)


def kinds(answers: Any) -> list[type]:
    return [type(answer) for answer in answers]


def held_by_order(shop: Shop) -> Counter[Any]:
    held = select(Part.order_id).join(Code, Code.held_by == Part.id).where(Code.status == Status.HELD)
    return Counter(shop.read(lambda: db.session().scalars(held).all()))


def test_each_order_has_its_own_codes_in_the_order_of_sale(shop: Shop) -> None:
    shop.codes(10)

    answers = place_all(shop.merchant_id, [sent(shop, quantity) for quantity in (1, 3, 2)])

    assert kinds(answers) == [Placed] * 3
    assert [held_by_order(shop)[placed.order_id] for placed in answers] == [1, 3, 2]  # type: ignore[union-attr]
    picked = (
        select(Part.order_id).join(Code, Code.held_by == Part.id).where(Code.status == Status.HELD).order_by(Code.pick)
    )
    order = [placed.order_id for placed in answers for _ in range(held_by_order(shop)[placed.order_id])]  # type: ignore[union-attr]
    assert shop.read(lambda: list(db.session().scalars(picked))) == order


def test_each_has_its_event_its_tender_and_its_browser(shop: Shop) -> None:
    shop.codes(3)

    answers = place_all(shop.merchant_id, [sent(shop) for _ in range(3)])

    ids = {placed.order_id for placed in answers}  # type: ignore[union-attr]
    told = select(EventRow.order_id).where(EventRow.name == "order.placed")
    assert set(shop.read(lambda: db.session().scalars(told).all())) == ids
    assert len({placed.device for placed in answers}) == 3  # type: ignore[union-attr]
    assert shop.read(lambda: len(db.session().scalars(select(Device)).all())) == 3


def test_a_browser_that_is_known_stays_itself(shop: Shop) -> None:
    shop.codes(4)
    (first,) = place_all(shop.merchant_id, [sent(shop)])
    assert isinstance(first, Placed)

    again, other = place_all(shop.merchant_id, [sent(shop, device=first.device), sent(shop, device="made up")])

    assert isinstance(again, Placed)
    assert isinstance(other, Placed)
    assert again.device == first.device
    assert other.device not in {"made up", first.device}


def test_one_that_is_refused_takes_nothing_from_the_others(shop: Shop) -> None:
    shop.codes(3)

    answers = place_all(shop.merchant_id, [sent(shop), sent(shop, 9), sent(shop, contact="?"), sent(shop, sku="none")])

    assert kinds(answers) == [Placed, OutOfStock, Invalid, Invalid]
    assert shop.stock()["held"] == 1


def test_the_last_codes_go_to_as_many_as_there_are(shop: Shop) -> None:
    shop.codes(2)

    answers = place_all(shop.merchant_id, [sent(shop) for _ in range(4)])

    assert kinds(answers) == [Placed, Placed, SoldOut, SoldOut]


def test_the_same_form_twice_makes_one_order(shop: Shop) -> None:
    shop.codes(5)

    first, second = place_all(shop.merchant_id, [sent(shop, idem="form"), sent(shop, idem="form")])

    assert isinstance(first, Placed)
    assert isinstance(second, Placed)
    assert first.order_id == second.order_id
    assert shop.stock()["held"] == 1


def test_two_of_one_buyer_are_both_counted(shop: Shop) -> None:
    shop.codes(5)

    def allow_one() -> None:
        m = Merchant.__table__
        db.changed(update(m).where(m.c.merchant_id == shop.merchant_id).values(unpaid_orders=1))  # type: ignore[arg-type]
        merchants.forget()

    shop.write(allow_one)

    answers = place_all(shop.merchant_id, [sent(shop, contact="dora@example.com") for _ in range(3)])

    assert kinds(answers) == [Placed, TooManyUnpaid, TooManyUnpaid]
    assert shop.stock()["held"] == 1


def test_several_goods_at_once(shop: Shop) -> None:
    shop.codes(2)
    other = make_product(shop, kind=Kind.CODE)
    shop.codes(2, sku=other)

    answers = place_all(shop.merchant_id, [sent(shop), sent(shop, sku=other), sent(shop, sku=other), sent(shop)])

    assert kinds(answers) == [Placed] * 4
    assert sorted(held_by_order(shop).values()) == [1, 1, 1, 1]


def test_rounds_that_meet_sell_each_code_once_and_never_lock_each_other_out(shop: Shop) -> None:
    shop.codes(20)
    contacts = [f"buyer{number}@example.com" for number in range(4)]

    def rounds(turn: int) -> Any:  # the same buyers in every round, each time in another order
        mixed = contacts[turn:] + contacts[:turn]
        return place_all(shop.merchant_id, [sent(shop, contact=contact) for contact in mixed])

    began = clock.now()
    answers = at_once([lambda turn=turn: rounds(turn) for turn in range(4)])  # type: ignore[misc]

    assert [kinds(each) for each in answers] == [[Placed] * 4] * 4
    assert sorted(held_by_order(shop).values()) == [1] * 16
    assert clock.now() - began < timedelta(seconds=20)
    assert shop.read(lambda: len(db.session().scalars(select(Order)).all())) == 16


@on_postgresql
def test_a_text_the_engine_refuses_is_the_fault_of_one_alone(shop: Shop) -> None:
    shop.codes(3)

    answers = place_all(shop.merchant_id, [sent(shop), sent(shop, sku="a\0b"), sent(shop)])

    assert kinds(answers)[0] is kinds(answers)[2] is Placed
    assert isinstance(answers[1], Exception)
