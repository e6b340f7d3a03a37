"""Closed days: what was counted once and what is counted as it is come to the same, whatever happened since."""

import random
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from app.catalog.queries import Source
from app.entitlements import service as entitlements
from app.entitlements.models import Entitlement
from app.finance import days, turnover
from app.finance.models import ClosedDay, DaySales
from app.finance.spans import DAY, span_of
from app.inventory import queries as inventory
from app.inventory.changes import Action
from app.inventory.events import SoldRecosted
from app.inventory.models import Batch, Code, Status
from app.inventory.service import change_codes
from app.kit import clock, db, tasks
from app.kit.events import SYSTEM
from app.kit.ids import new_id, public
from app.orders.events import OrderPaid
from app.orders.models import Order
from app.refunds import service as refunds
from app.refunds.models import Refund
from tests.finance.test_turnover import SPANS, age, span_ago, today
from tests.inventory.goods import share, variant
from tests.make import Shop

REFUNDED = 0.2


def close(shop: Shop) -> int:
    """Count all days that are over, and return how many were."""
    count = 0
    while shop.write(lambda: days.close_next(now=clock.now())):
        count += 1
    return count


def told(shop: Shop, said: str) -> dict[object, object]:
    def ask() -> dict[object, object]:
        span = span_of(said)
        assert span
        groups = turnover.groups(span)
        return {(each.batch_id, each.sku_id, each.tags): asdict(each.sums) for each in groups if any_of(each.sums)}

    return shop.read(ask)


def any_of(sums: turnover.Sums) -> bool:
    return any(sums.counts.values())


def everything(shop: Shop) -> list[dict[object, object]]:
    return [told(shop, span_ago(*some)) for some in [*SPANS, (60, 0), (60, 20), (25, 21)]]


def open_all(shop: Shop) -> None:
    """Have nothing counted: all is told as it is."""
    shop.write(lambda: db.changed(update(ClosedDay).values(zone="")))


def sell(shop: Shop, sku: str, quantity: int, ago: timedelta, late: timedelta) -> Order:
    """Sell something in the past; who waits gets it so much later."""
    order = shop.place(quantity, sku=sku)
    assert shop.pay(order)
    paid, ready = clock.now() - ago, clock.now() - max(ago - late, timedelta())

    def put_back() -> None:
        db.changed(update(Order).where(Order.id == order.id).values(paid_at=paid))
        mine = update(Entitlement).where(Entitlement.order_id == order.id)
        db.changed(mine.values(granted_at=paid, ready_at=ready))

    shop.write(put_back)
    return order


def give_back(shop: Shop, order: Order, ago: timedelta) -> None:
    done = shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    at = clock.now() - ago
    shop.write(lambda: db.changed(update(Refund).where(Refund.id == done.id).values(created_at=at)))


def live(shop: Shop, chance: random.Random) -> list[Order]:
    """Let a shop have a history: batches, sales of one and of many, late ones, refunds, codes of two SKUs, shared."""
    second, shared = variant(shop, Source.POOL), variant(shop, Source.SHARED)
    for sku in (shop.sku, second, shop.sku):
        batch = shop.codes(30, sku=sku, cost=chance.randint(100, 999), name=new_id().hex)
        age(shop, batch, chance.randint(0, 40), supplier=chance.choice(["Ann", ""]), tags=chance.choice(["gift", ""]))
    number = share(shop, shared, 40)
    batch_id = shop.read(lambda: inventory.get_shared(number).batch_id)
    age(shop, shop.read(lambda: inventory.get_batch(batch_id)), 35)
    mark_some(shop, chance)
    orders = []
    for _ in range(25):
        ago = timedelta(hours=chance.randint(0, 30 * 24))
        late = timedelta(hours=chance.choice([0, 0, 0, 30, 200]))
        sku = chance.choice([shop.sku, second, shared])
        orders.append(sell(shop, sku, chance.randint(1, 3), ago, late))
        if chance.random() < REFUNDED:
            give_back(shop, orders[-1], chance.random() * ago)
    return orders


def mark_some(shop: Shop, chance: random.Random) -> None:
    ids = shop.read(lambda: list(db.session().scalars(select(Code.id).order_by(Code.pick))))
    some = chance.sample(ids, 20)
    shop.write(lambda: db.changed(update(Code).where(Code.id.in_(some)).values(tags="rare")))


@pytest.mark.parametrize("seed", range(3))
def test_what_was_counted_and_what_is_come_to_the_same(shop: Shop, seed: int) -> None:
    live(shop, random.Random(seed))
    as_it_is = everything(shop)

    assert close(shop) > 5

    assert everything(shop) == as_it_is
    assert shop.read(lambda: db.session().scalar(select(func.sum(DaySales.codes)))) or 0 > 10


@pytest.fixture
def closed(shop: Shop) -> Shop:
    """Three codes that were sold ten days ago, of twelve, and that day counted."""
    age(shop, shop.codes(12, cost=700, name="old"), 20)
    sell(shop, shop.sku, 3, 10 * DAY, timedelta())
    close(shop)
    return shop


def entitlement(shop: Shop) -> Entitlement:
    return shop.read(lambda: db.session().scalars(select(Entitlement).order_by(Entitlement.slot)).first())  # type: ignore[return-value]


def replace(shop: Shop) -> None:
    other = shop.codes(1, cost=950, name="other")
    age(shop, other, 4)
    shop.write(lambda: db.changed(update(Code).where(Code.status == Status.FREE).values(expires_on=None)))
    first = select(Code.id).where(Code.batch_id != other.id, Code.status == Status.FREE)
    shop.write(lambda: db.changed(update(Code).where(Code.id.in_(first)).values(frozen=True)))
    one = entitlement(shop).id
    shop.write(lambda: entitlements.replace(one, reason="", now=clock.now(), by=SYSTEM))


def recost(shop: Shop) -> None:
    order_id = entitlement(shop).order_id
    shop.write(lambda: refunds.refund(order_id, reason="", now=clock.now(), by=SYSTEM))
    batch_id = shop.read(lambda: db.session().scalars(select(Batch.id)).one())
    change = {"count": 12, "reason": "", "now": clock.now(), "by": SYSTEM, "batch_id": batch_id, "value": "333"}
    task = shop.write(lambda: change_codes(Action.COST, {"batch": public("bat", batch_id)}, **change))  # type: ignore[arg-type]
    tasks.run(shop.merchant_id, task)


@pytest.mark.parametrize("change", [replace, recost])
def test_what_changes_a_closed_day_has_it_counted_anew(closed: Shop, change: Callable[[Shop], None]) -> None:
    before = everything(closed)

    change(closed)

    changed = everything(closed)
    open_all(closed)
    assert everything(closed) == changed != before
    close(closed)
    assert everything(closed) == changed


def test_money_that_is_told_late_opens_its_day(closed: Shop) -> None:
    at = clock.now() - 10 * DAY
    late = OrderPaid(subject_id=new_id(), amount=1, currency="CNY", at=at)
    assert zone_of(closed, at) == "Asia/Shanghai"

    closed.write(lambda: days.forget_late([late]))

    assert zone_of(closed, at) == ""
    assert close(closed) == 1


def zone_of(shop: Shop, at: datetime) -> str | None:
    day = at.astimezone(ZoneInfo("Asia/Shanghai")).date()
    return shop.read(lambda: db.session().scalar(select(ClosedDay.zone).where(ClosedDay.day == day)))


def test_in_another_zone_nothing_is_closed(closed: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    closed.write(lambda: db.changed(update(ClosedDay).values(zone="Europe/Paris")))
    counted = closed.read(lambda: db.session().scalar(select(func.sum(DaySales.codes))))
    closed.write(lambda: db.changed(update(DaySales).values(codes=1000)))

    sums = told(closed, span_ago(30, 0))

    assert [each["counts"]["sold"] for each in sums.values()] == [counted]  # type: ignore[index]


def test_a_day_is_counted_an_hour_after_its_end_and_not_before(shop: Shop) -> None:
    shop.codes(1)
    sell(shop, shop.sku, 1, DAY, timedelta())
    end = datetime.combine(today(), datetime.min.time(), ZoneInfo("Asia/Shanghai"))

    assert not shop.write(lambda: days.close_next(now=end + timedelta(minutes=59)))
    assert shop.write(lambda: days.close_next(now=end + timedelta(minutes=61))) == today() - DAY


def test_a_sale_has_its_day_counted_by_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.codes(1)
    sell(shop, shop.sku, 1, timedelta(), timedelta())
    shop.drain()
    later = clock.now() + 3 * DAY
    monkeypatch.setattr(clock, "now", lambda: later)

    shop.drain()

    assert (shop.read(lambda: db.session().scalar(select(func.count()).select_from(ClosedDay))) or 0) >= 2


def test_nobody_counts_while_a_day_is_changed(closed: Shop) -> None:
    """Whoever counts takes the day's row first: on PostgreSQL it waits for who changes the day."""
    owner: UUID = entitlement(closed).id
    event = SoldRecosted(subject_id=new_id(), entitlement_ids=(owner,), at=clock.now(), by=SYSTEM)
    closed.write(lambda: days.forget_recosted([event]))

    assert closed.read(days.next_day) == today() - 10 * DAY
