"""However many buy at once, a code is sold once; the database says so, not our locks (B1.1)."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.entitlements.models import Entitlement, State
from app.inventory import allocation, handover
from app.inventory.handover import Piece
from app.inventory.models import Code, Status
from app.kit import clock, db
from app.kit.ids import new_id
from app.ledger import queries as ledger
from app.orders.models import Fulfilment, Order, Payment
from tests.inventory import pool
from tests.inventory.crowd import buy_all
from tests.make import Shop

PROCESSES, CODES, ORDERS = (4, 200, 240) if pool.DEPTH < 10 else (32, 10_000, 12_000)


def rows(shop: Shop, model: type[Any]) -> list[Any]:
    return shop.read(lambda: list(db.session().scalars(select(model))))


@pytest.mark.parametrize("locks", [True, False], ids=["", "with every lock removed"])
def test_no_code_sold_twice(shop: Shop, locks: bool) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(CODES)))

    ended = buy_all(shop, processes=PROCESSES, count=ORDERS, locks=locks)

    assert ended.pop("locks removed", 0) == (0 if locks else PROCESSES)
    assert ended == {"paid": CODES, "sold out": ORDERS - CODES}
    codes, owned, orders = rows(shop, Code), rows(shop, Entitlement), rows(shop, Order)
    assert Counter(code.status for code in codes) == {Status.SOLD: CODES}
    assert {(code.id, code.entitlement_id) for code in codes} == {(item.code_id, item.id) for item in owned}
    assert len(owned) == len({item.code_id for item in owned}) == len({item.order_id for item in owned}) == CODES
    assert {item.state for item in owned} == {State.READY}
    assert len(orders) == CODES  # who was refused left nothing
    assert {(order.payment, order.fulfilment) for order in orders} == {(Payment.PAID, Fulfilment.DONE)}
    balances = {name: money.minor for name, money in shop.read(ledger.balances).items()}
    assert sum(balances.values()) == 0
    assert (balances["income:sales CNY"], balances["asset:stock CNY"]) == (-1999 * CODES, 0)


# Without our own code in the way: what the database itself refuses -------------------------------------------------


@pytest.fixture
def sold(shop: Shop) -> list[Entitlement]:
    """Two sold codes with their entitlements."""
    pool.bring(shop, "\n".join(pool.fresh_codes(3)))
    assert shop.pay(shop.place(2))
    return rows(shop, Entitlement)


def test_a_second_owner_of_a_code_is_refused(shop: Shop, sold: list[Entitlement]) -> None:
    same = {column.name: getattr(sold[0], column.name) for column in Entitlement.__table__.columns}

    with pytest.raises(IntegrityError):
        shop.write(lambda: db.session().execute(insert(Entitlement), [same | {"id": new_id(), "slot": 77}]))

    assert len(rows(shop, Entitlement)) == 2


def test_a_second_entitlement_for_one_piece_is_refused(shop: Shop, sold: list[Entitlement]) -> None:
    same = {column.name: getattr(sold[0], column.name) for column in Entitlement.__table__.columns}

    with pytest.raises(IntegrityError):
        shop.write(lambda: db.session().execute(insert(Entitlement), [same | {"id": new_id(), "code_id": new_id()}]))


def test_two_codes_for_one_entitlement_are_refused(shop: Shop, sold: list[Entitlement]) -> None:
    free = update(Code).where(Code.status == Status.FREE).values(entitlement_id=sold[0].id)

    with pytest.raises(IntegrityError):
        shop.write(lambda: db.session().execute(free))


def test_a_sold_code_cannot_be_held_or_sold_again(shop: Shop, sold: list[Entitlement]) -> None:
    part = new_id()

    def again() -> list[Any]:
        pieces = [Piece(owner, 0, new_id()) for owner in (part, sold[0].part_id)]
        return [*handover.sell_held(pieces, now=now, today=pool.today())]

    now = clock.now()
    assert shop.write(again) == []
    assert shop.write(lambda: allocation.keep([sold[0].part_id])) == []
    assert shop.write(lambda: allocation.release([sold[0].part_id])) == []
    assert shop.write(lambda: allocation.take_back(sold[0].sku_id, now)) == []
    assert shop.stock()["sold"] == 2


def test_a_hold_takes_all_it_asks_for_or_none(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(3)))
    sku, now = rows(shop, Code)[0].sku_id, clock.now()

    def claim(quantity: int) -> int:
        taken = allocation.claim(sku_id=sku, parts=[(new_id(), quantity)], until=now, today=pool.today())
        return len(taken)

    assert [shop.write(lambda quantity=quantity: claim(quantity)) for quantity in (4, 2, 2, 1)] == [0, 2, 0, 1]  # type: ignore[misc]
