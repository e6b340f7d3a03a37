"""Turnover: every code goes once, the classes add up, and every total opens just the codes that it counts."""

from datetime import date, timedelta
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from app.catalog.queries import Source
from app.entitlements.models import Entitlement
from app.finance import turnover
from app.finance.spans import MOST_DAYS, Span, span_of
from app.finance.turnover import WHATS, Sums
from app.inventory import queries as inventory
from app.inventory.changes import Action, CodeChange
from app.inventory.events import CodeQuarantined
from app.inventory.models import Batch, Code, SharedCode, Status
from app.inventory.service import change_codes, life
from app.kit import clock, db, tasks
from app.kit.events import SYSTEM, publish
from app.kit.ids import new_id, public
from app.kit.listing import listed
from app.orders.models import Order, Part
from app.refunds import service as refunds
from tests.inventory.goods import share, variant
from tests.make import Shop

DAY = timedelta(days=1)


def today() -> date:
    return clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()


def span_ago(first: int, last: int) -> str:
    return f"{today() - first * DAY}..{today() - last * DAY}"


def sums_of(shop: Shop, days: str, **narrowed: str) -> Sums:
    def ask() -> Sums:
        span = span_of(days)
        assert span
        total = Sums()
        for group in turnover.groups(span, **narrowed):
            total.add(group.sums)
        return total

    return shop.read(ask)


def rows_of(shop: Shop, what: str, days: str, **narrowed: str) -> int:
    asked = {"moved": f"{what}.{days}", "size": "200"} | narrowed
    return len(shop.read(lambda: listed(turnover.MOVED, asked)).page.rows)


def age(shop: Shop, batch: Batch, days: int, **facts: object) -> None:
    made = clock.now() - days * DAY
    shop.write(lambda: db.changed(update(Batch).where(Batch.id == batch.id).values(created_at=made, **facts)))


def free_codes(shop: Shop, batch: Batch) -> list[Code]:
    query = select(Code).where(Code.batch_id == batch.id, Code.status == Status.FREE).order_by(Code.pick.desc())
    return shop.read(lambda: list(db.session().scalars(query)))


def set_aside(shop: Shop, code: Code, days: int) -> None:
    def act() -> None:
        db.changed(update(Code).where(Code.id == code.id).values(status=Status.QUARANTINED))
        at = clock.now() - days * DAY
        publish(CodeQuarantined(subject_id=code.id, entitlement_id=new_id(), skus=(code.sku_id,), reason="", at=at))

    shop.write(act)


def expire(shop: Shop, code: Code, days: int) -> None:
    last = today() - days * DAY
    shop.write(lambda: db.changed(update(Code).where(Code.id == code.id).values(expires_on=last)))


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """Twenty codes of two suppliers: 5 sold (1 refunded), 1 set aside, 2 expired, one of them set aside afterwards."""
    old = shop.codes(12, cost=700, name="old")
    age(shop, old, 20, supplier="Ann", tags="gift spring")
    new = shop.codes(8, cost=900, name="new")
    age(shop, new, 3, supplier="", tags="gift")
    orders = [shop.place(), shop.place(3), shop.place()]
    assert all(shop.pay(order) for order in orders)
    shop.write(lambda: refunds.refund(orders[2].id, reason="", now=clock.now(), by=SYSTEM))
    aside, expired, both, *_ = free_codes(shop, old)
    set_aside(shop, aside, 5)
    expire(shop, expired, 6)
    expire(shop, both, 8)
    set_aside(shop, both, 2)
    return shop


SPANS = [(9, 0), (9, 4), (4, 0), (30, 0), (30, 15), (2, 2), (0, 0), (7, 6)]


@pytest.mark.parametrize("days", SPANS)
def test_opening_and_in_less_what_went_is_the_closing_stock(busy: Shop, days: tuple[int, int]) -> None:
    counts = sums_of(busy, span_ago(*days)).counts
    went = sum(counts[name] for name in turnover.GOES)
    assert counts["opening"] + counts["in"] - went == counts["closing"]


def test_one_span_ends_with_what_the_next_begins_with(busy: Shop) -> None:
    before, after, whole = (sums_of(busy, span_ago(*days)) for days in ((9, 5), (4, 0), (9, 0)))
    assert before.counts["closing"] == after.counts["opening"]
    for name in ("in", *turnover.GOES, "returned"):
        assert before.counts[name] + after.counts[name] == whole.counts[name]


def test_each_class_counts_what_it_says(busy: Shop) -> None:
    counts = sums_of(busy, span_ago(9, 0)).counts
    assert counts == {
        "opening": 12, "in": 8, "sold": 5, "set_aside": 1, "void": 0, "expired": 2, "closing": 12, "returned": 1,
    }  # fmt: skip


def test_what_expired_before_it_was_set_aside_is_expired(busy: Shop) -> None:
    assert sums_of(busy, span_ago(3, 0)).counts["set_aside"] == 0
    assert sums_of(busy, span_ago(8, 7)).counts["expired"] == 1


def test_a_code_is_good_on_its_last_day(busy: Shop) -> None:
    batch = busy.codes(1, name="last day")
    expire(busy, free_codes(busy, batch)[0], 0)
    assert sums_of(busy, span_ago(0, 0), batch=public("bat", batch.id)).counts["closing"] == 1


def test_money_is_what_was_sold_less_what_came_back(busy: Shop) -> None:
    sums = sums_of(busy, span_ago(9, 0))
    price = busy.read(lambda: db.session().scalar(select(Part.price_share).where(Part.quantity == 1)))
    assert price
    assert (sums.goods, sums.revenue, sums.lost) == (4 * 700, 4 * price, 2 * 700)
    assert sums.margin == 4 * price - 4 * 700
    assert sums.value == 4 * 700 + 8 * 900
    assert sums.average_age == (4 * 20 + 8 * 3) * 10 // 12
    assert sums.days_left(10) == 240


def test_a_week_has_its_bars(busy: Shop) -> None:
    sums = sums_of(busy, span_ago(30, 0))
    assert sum(sums.came.values()) == 20
    assert sum(sums.went.values()) == 5
    span = busy.read(lambda: span_of(span_ago(30, 0)))
    assert span
    assert max(sums.went) == len(span.weeks) - 1


@pytest.mark.parametrize("narrowed", [{}, {"supplier": "=Ann"}, {"supplier": "="}, {"tag": "spring"}, {"tag": "gift"}])
def test_every_total_opens_its_rows(busy: Shop, narrowed: dict[str, str]) -> None:
    for days, what in product(SPANS, WHATS):
        said = span_ago(*days)
        assert rows_of(busy, what, said, **narrowed) == sums_of(busy, said, **narrowed).counts[what], (said, what)


def test_a_tag_is_a_whole_word(busy: Shop) -> None:
    assert rows_of(busy, "in", span_ago(30, 0), tag="gif") == 0
    assert rows_of(busy, "in", span_ago(30, 0), tag="gift") == 20


def test_pieces_of_a_part_bring_its_price_to_the_last_minor_unit(shop: Shop) -> None:
    shop.codes(3)
    order = shop.place(3)
    shop.write(lambda: db.changed(update(Part).where(Part.order_id == order.id).values(price_share=1000)))
    assert shop.pay(order)
    assert sums_of(shop, span_ago(0, 0)).revenue == 1000


def test_another_shop_sees_nothing_of_it(busy: Shop, other: Shop) -> None:
    assert sums_of(other, span_ago(30, 0)).counts == dict.fromkeys(WHATS, 0)


def test_what_is_no_span_opens_nothing(busy: Shop) -> None:
    for said in ("sold", "sold.", "sold.2026-02-30..2026-03-01", "all.2026-01-01..2026-12-31"):
        assert len(busy.read(lambda: listed(turnover.MOVED, {"moved": said})).page.rows) == 0  # noqa: B023


def test_a_span_is_not_longer_than_it_may_be(shop: Shop) -> None:
    span = shop.read(lambda: Span.of(today() - 1000 * DAY, today()))
    assert len(span.days) == MOST_DAYS


def void_all(shop: Shop, batch: Batch, days: int) -> None:
    """Make the free codes of a batch void at one go, some days ago."""
    chosen = {"batch": public("bat", batch.id), "status": "available"}
    at = clock.now() - days * DAY
    count = shop.read(lambda: inventory.count_chosen(Action.VOID, chosen))
    task = shop.write(lambda: change_codes(Action.VOID, chosen, count=count, reason="", now=clock.now(), by=SYSTEM))
    assert tasks.run(shop.merchant_id, task).state is tasks.State.DONE
    shop.write(lambda: db.changed(update(CodeChange).values(asked_at=at)))


def test_what_was_made_void_with_others_went_when_it_was_and_not_when_it_came(busy: Shop) -> None:
    batch = busy.read(lambda: db.session().scalars(select(Batch).where(Batch.supplier == "Ann")).one())
    free = len(free_codes(busy, batch))
    void_all(busy, batch, 3)

    counts = {days: sums_of(busy, span_ago(*days)).counts["void"] for days in ((30, 4), (3, 3), (2, 0), (30, 0))}

    expired_before = 1
    assert counts == {(30, 4): 0, (3, 3): free - expired_before, (2, 0): 0, (30, 0): free - expired_before}
    for days, what in product(SPANS, WHATS):
        assert rows_of(busy, what, span_ago(*days)) == sums_of(busy, span_ago(*days)).counts[what], (days, what)


def test_of_one_code_the_last_time_counts(busy: Shop) -> None:
    batch = busy.codes(2, name="twice")
    age(busy, batch, 20)
    one, _other = free_codes(busy, batch)
    void_all(busy, batch, 9)
    busy.write(lambda: life.restore(one.id, reason="", now=clock.now() - 8 * DAY, by=SYSTEM))
    busy.write(lambda: life.void(one.id, reason="", now=clock.now() - 4 * DAY, by=SYSTEM))
    of_batch = {"batch": public("bat", batch.id)}

    assert [sums_of(busy, span_ago(day, day), **of_batch).counts["void"] for day in (9, 8, 4)] == [1, 0, 1]


# Shared codes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(shop: Shop) -> tuple[Shop, UUID]:
    """A shared code of ten uses, there for 20 days: 3 sold, 2 of them taken back again, one held."""
    sku = variant(shop, Source.SHARED)
    number = share(shop, sku, 10, cost=100)
    batch_id = shop.read(lambda: inventory.get_shared(number).batch_id)
    age(shop, shop.read(lambda: inventory.get_batch(batch_id)), 20)
    orders = [shop.place(1, sku=sku), shop.place(2, sku=sku)]
    assert all(shop.pay(order) for order in orders)
    moments = {orders[0].id: 6, orders[1].id: 9}
    for order_id, days in moments.items():
        at = clock.now() - days * DAY
        mine = update(Entitlement).where(Entitlement.order_id == order_id).values(granted_at=at, ready_at=at)
        shop.write(lambda: db.changed(mine))  # noqa: B023
        shop.write(lambda: db.changed(update(Order).where(Order.id == order_id).values(paid_at=at)))  # noqa: B023
    shop.write(lambda: refunds.refund(orders[1].id, reason="", now=clock.now() - 4 * DAY, by=SYSTEM))
    shop.place(1, sku=sku)
    return shop, number


SHARED_SPANS = {
    (30, 0): {"opening": 0, "in": 12, "sold": 3, "closing": 9, "returned": 2},
    (19, 0): {"opening": 10, "in": 2, "sold": 3, "closing": 9, "returned": 2},
    (10, 8): {"opening": 10, "in": 0, "sold": 2, "closing": 8, "returned": 0},
    (8, 5): {"opening": 8, "in": 0, "sold": 1, "closing": 7, "returned": 0},
    (5, 3): {"opening": 7, "in": 2, "sold": 0, "closing": 9, "returned": 2},
    (30, 21): {"opening": 0, "in": 0, "sold": 0, "closing": 0, "returned": 0},
}


@pytest.mark.parametrize("days", SHARED_SPANS)
def test_uses_of_a_shared_code_count_as_codes_do(shared: tuple[Shop, UUID], days: tuple[int, int]) -> None:
    shop, _ = shared
    counts = sums_of(shop, span_ago(*days)).counts
    assert {name: count for name, count in counts.items() if name in SHARED_SPANS[days]} == SHARED_SPANS[days]


def test_uses_bring_and_cost_money(shared: tuple[Shop, UUID]) -> None:
    sums = sums_of(shared[0], span_ago(30, 0))
    assert (sums.goods, sums.revenue, sums.value) == (100, 1999, 900)
    assert sum(sums.came.values()) == 12


def test_what_is_left_of_a_shared_code_expires(shared: tuple[Shop, UUID]) -> None:
    shop, number = shared
    day = today() - 2 * DAY
    shop.write(lambda: db.changed(update(SharedCode).where(SharedCode.id == number).values(expires_on=day)))

    within, after = (sums_of(shop, span_ago(*days)) for days in ((5, 0), (1, 0)))

    assert (within.counts["expired"], within.counts["closing"], within.lost) == (9, 0, 900)
    assert (after.counts["opening"], after.counts["closing"]) == (0, 0)


@pytest.mark.parametrize("what", WHATS)
def test_every_total_opens_its_uses(shared: tuple[Shop, UUID], what: str) -> None:
    shop, number = shared
    for days in SHARED_SPANS:
        said, count = span_ago(*days), sums_of(shop, span_ago(*days)).counts[what]
        found = shop.read(lambda: turnover.uses_of({"moved": f"{what}.{said}"}))  # noqa: B023
        assert [(each.shared.id, each.count) for each in found] == ([(number, count)] if count else [])
