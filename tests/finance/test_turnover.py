"""Turnover: every code goes once, the classes add up, and every total opens just the codes that it counts."""

from datetime import date, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from app.finance import turnover
from app.finance.turnover import WHATS, Span, Sums
from app.inventory.events import CodeQuarantined
from app.inventory.models import Batch, Code, Status
from app.kit import clock, db
from app.kit.events import SYSTEM, publish
from app.kit.ids import new_id, public
from app.kit.listing import listed
from app.orders.models import Part
from app.refunds import service as refunds
from tests.make import Shop

DAY = timedelta(days=1)


def today() -> date:
    return clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()


def span_ago(first: int, last: int) -> str:
    return f"{today() - first * DAY}..{today() - last * DAY}"


def sums_of(shop: Shop, days: str, **narrowed: str) -> Sums:
    def ask() -> Sums:
        span = turnover.span_of(days)
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


def test_much_is_counted_as_little_is(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    little = sums_of(busy, span_ago(9, 0))
    monkeypatch.setattr(turnover, "MANY", 0)
    much = sums_of(busy, span_ago(9, 0))
    assert much == little
    assert much.counts["sold"] == 5


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
    span = busy.read(lambda: turnover.span_of(span_ago(30, 0)))
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
    assert len(span.days) == turnover.MOST_DAYS
