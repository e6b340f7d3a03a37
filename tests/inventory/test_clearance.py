"""Codes that expire soon go to a variant with a price of its own: all of them, nothing else, and each is sold once."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.errors import BadClearance, BadLimit, ClearanceChain, InClearance, NoClearance
from app.catalog.models import Kind, Source
from app.entitlements import queries as entitled
from app.inventory import queries, service
from app.inventory.errors import OutOfStock
from app.inventory.models import Batch, Code, Status
from app.inventory.queries import CLEAR
from app.inventory.service import BatchFacts, clearing
from app.kit import clock, db, tasks
from app.kit.errors import Invalid
from app.kit.events import SYSTEM, EventRow
from app.kit.money import Money
from app.kit.tasks.book import WATCH
from app.orders.models import Order
from tests.inventory import goods, pool
from tests.inventory.test_order_of_sale import buy, said
from tests.make import Shop, at_once, make_product

DAY = timedelta(days=1)
PRICE, LESS = 1999, 500


def number_of(shop: Shop, code: str = "") -> UUID:
    return shop.read(lambda: catalog.get_sku(code or shop.sku).id)


def add(shop: Shop, kind: Kind = Kind.CODE, source: Source = Source.POOL) -> str:
    """Add one more variant to the shop's product, and return its code."""
    draft = shelving.SkuDraft(f"{shop.sku}-{kind.name}-{source.name}", kind, Money(LESS, "CNY"), {}, source=source)

    def put() -> None:
        product = db.get(catalog.Product, catalog.get_sku(shop.sku).product_id)
        shelving.products.add_variant(product, draft, now=clock.now(), by=SYSTEM)

    shop.write(put)
    return draft.code


def open_rule(shop: Shop, days: int = 10) -> str:
    """Let codes of the shop's SKU go to a new variant so many days before they expire, and return its code."""
    number, new = number_of(shop), shelving.NewVariant({"en": "Short-dated"}, Money(LESS, "CNY"))
    into = shop.write(lambda: service.open_clearance(number, days, new, now=clock.now(), by=SYSTEM))
    return shop.read(lambda: catalog.list_skus_by_id([into])[into].code)


def set_rule(shop: Shop, days: int, into: str, *, of: str = "") -> None:
    number, other = number_of(shop, of), number_of(shop, into)
    shop.write(lambda: service.set_clearance(number, days, other, now=clock.now(), by=SYSTEM))


def end_rule(shop: Shop) -> None:
    number = number_of(shop)
    shop.write(lambda: service.drop_clearance(number, now=clock.now(), by=SYSTEM))


def bring(shop: Shop, count: int, days: int | None, **known: Any) -> list[str]:
    """Import codes that expire in so many days, and return what they say."""
    codes = pool.fresh_codes(count)
    expires_on = pool.today() + days * DAY if days is not None else None
    pool.bring(shop, "\n".join(codes), expires_on=expires_on, **known)
    return codes


def counts(shop: Shop, *skus: str) -> list[int]:
    """Count what is there of SKUs, once all that is due is done."""
    shop.drain()
    return [shop.stock(sku)["available"] for sku in skus]


def shifted(by: timedelta) -> Any:
    later = clock.now() + by
    return clock.running(lambda: later)


# What moves ----------------------------------------------------------------------------------------------------------


def test_what_expires_within_the_window_moves_and_nothing_else(shop: Shop) -> None:
    for days in (0, 3, 10, 11, None):
        bring(shop, 1, days)

    with shifted(DAY):
        short = open_rule(shop, 9)

        assert counts(shop, shop.sku, short) == [2, 2]
        assert shop.stock()["expired"] == 1


def test_a_moved_code_keeps_its_batch_its_expiry_and_its_cost(shop: Shop) -> None:
    bring(shop, 2, 5, cost=321)
    query = select(Code.id, Code.batch_id, Code.expires_on, Code.cost, Code.line, Code.fingerprint).order_by(Code.id)
    before = shop.read(lambda: db.session().execute(query).all())

    short = open_rule(shop)

    assert counts(shop, short) == [2]
    assert shop.read(lambda: db.session().execute(query).all()) == before
    (bought, *_) = buy(shop, sku=short)
    assert bought.cost == 321


def test_held_frozen_and_void_codes_stay(shop: Shop) -> None:
    bring(shop, 4, 5)
    shop.place()
    ids = shop.read(lambda: list(db.session().scalars(select(Code.id).where(Code.status == Status.FREE))))
    shop.write(lambda: service.freeze(ids[0], reason="x", now=clock.now(), by=SYSTEM))
    shop.write(lambda: service.void(ids[1], reason="x", now=clock.now(), by=SYSTEM))

    short = open_rule(shop)

    assert counts(shop, shop.sku, short) == [0, 1]
    assert [shop.stock()[name] for name in ("held", "frozen", "void")] == [1, 1, 1]

    shop.write(lambda: service.unfreeze(ids[0], reason="x", now=clock.now(), by=SYSTEM))
    assert counts(shop, short) == [2]  # it is looked at once it is free


def test_what_was_on_hold_moves_once_its_order_is_over(shop: Shop) -> None:
    bring(shop, 1, 5)
    shop.place()
    short = open_rule(shop)
    assert counts(shop, short) == [0]

    with shifted(timedelta(minutes=40)):
        shop.drain()
        assert counts(shop, shop.sku, short) == [0, 1]


@pytest.mark.parametrize(("hour", "moves"), [(time(23, 59, 59), 0), (time(0, 0), 1)])
def test_the_window_begins_with_the_day_of_the_shop(shop: Shop, hour: time, moves: int) -> None:
    bring(shop, 1, 40)
    short = open_rule(shop, 10)
    shop.drain()
    day = pool.today() + (30 if moves else 29) * DAY
    then = datetime.combine(day, hour, pool.ZONE)  # at which moment it is still, or already, another day in UTC

    with clock.running(lambda: then):
        assert counts(shop, short) == [moves]


def test_the_watch_looks_again_when_the_next_day_begins(shop: Shop) -> None:
    open_rule(shop)
    shop.drain()

    task = shop.read(lambda: tasks.find(CLEAR, WATCH))

    assert task is not None
    assert task.due_at == datetime.combine(pool.today() + DAY, time(0), pool.ZONE)


def test_an_import_is_looked_at_when_it_is_in(shop: Shop) -> None:
    short = open_rule(shop)
    shop.drain()

    bring(shop, 2, 5)
    bring(shop, 3, 50)

    assert counts(shop, shop.sku, short) == [3, 2]


def test_a_new_expiry_is_looked_at(shop: Shop) -> None:
    short = open_rule(shop)
    bring(shop, 2, 50)
    assert counts(shop, short) == [0]
    batch = shop.read(lambda: db.session().scalars(select(Batch).where(Batch.state == 1)).one())
    facts = {name: getattr(batch, name) for name in BatchFacts.__dataclass_fields__}
    facts["expires_on"] = pool.today() + 5 * DAY

    shop.write(lambda: service.change_batch(batch.id, BatchFacts(**facts), now=clock.now(), by=SYSTEM))

    assert counts(shop, short) == [2]
    facts["expires_on"] = pool.today() + 60 * DAY
    shop.write(lambda: service.change_batch(batch.id, BatchFacts(**facts), now=clock.now(), by=SYSTEM))
    assert counts(shop, shop.sku, short) == [0, 2]  # a code never moves back by itself


def test_the_soonest_is_sold_first_there(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing, "SLICE", 2)
    late, soon = bring(shop, 3, 9), bring(shop, 2, 2)

    short = open_rule(shop)

    assert counts(shop, short) == [5]
    assert [said(shop, code) for code in buy(shop, 5, sku=short)] == soon + late


def test_codes_of_every_lane_are_found_and_sold(shop: Shop) -> None:
    bring(shop, 3, 5)
    number, now = number_of(shop), clock.now()
    lane = shop.write(lambda: service.set_lane(number, name="Kept", steer_days=None, now=now, by=SYSTEM)).number
    shop.write(lambda: service.move_codes(number, source=0, target=lane, count=2, now=now, by=SYSTEM))

    short = open_rule(shop)

    assert counts(shop, short) == [3]
    assert len(buy(shop, 3, sku=short)) == 3


# The rule ------------------------------------------------------------------------------------------------------------


def test_a_wider_window_moves_more_and_a_smaller_one_nothing_back(shop: Shop) -> None:
    for days in (5, 15, 25):
        bring(shop, 1, days)
    short = open_rule(shop, 10)
    assert counts(shop, shop.sku, short) == [2, 1]

    set_rule(shop, 20, short)
    assert counts(shop, shop.sku, short) == [1, 2]

    set_rule(shop, 1, short)
    assert counts(shop, shop.sku, short) == [1, 2]


def test_a_rule_that_was_ended_moves_nothing_more(shop: Shop) -> None:
    bring(shop, 1, 5)
    short = open_rule(shop)
    assert counts(shop, short) == [1]

    end_rule(shop)
    bring(shop, 2, 5)

    assert counts(shop, shop.sku, short) == [2, 1]
    with shifted(DAY):
        assert counts(shop, shop.sku, short) == [2, 1]
    assert shop.read(lambda: tasks.find(CLEAR, WATCH).state) is tasks.State.DONE  # type: ignore[union-attr]


def test_the_history_of_the_product_tells_of_it(shop: Shop) -> None:
    bring(shop, 3, 5)
    short = open_rule(shop, 10)
    shop.drain()
    end_rule(shop)
    product = shop.read(lambda: catalog.get_sku(shop.sku).product_id)

    told = shop.read(lambda: db.session().scalars(select(EventRow).where(EventRow.subject_id == product)).all())

    changes = [tuple(change) for row in told for change in row.data.get("changes", ())]
    assert (f"clear {shop.sku}", "", f"10 → {short}") in changes
    assert (f"clear {shop.sku}", f"10 → {short}", "") in changes
    assert [row.data["count"] for row in told if row.name == "codes.cleared"] == [3]
    number, since = number_of(shop), clock.now() - 30 * DAY
    assert shop.read(lambda: queries.count_cleared(product, number, since=since)) == 3


def refused(shop: Shop, days: int, into: str, *, of: str = "") -> dict[str, type]:
    with pytest.raises(Invalid) as refusal:
        set_rule(shop, days, into, of=of)
    return {name: type(fault) for name, fault in refusal.value.fields.items()}


def test_only_another_pool_of_the_same_product_and_kind_takes_codes(shop: Shop) -> None:
    other = make_product(shop, kind=Kind.CODE)
    bundle, made = add(shop, source=Source.BUNDLE), add(shop, source=Source.SHARED)
    card, good = add(shop, kind=Kind.CARD), add(shop)

    for into in (shop.sku, other, bundle, made, card):
        assert refused(shop, 10, into) == {"into": BadClearance}
    for days in (0, -1, 3651):
        assert refused(shop, days, good) == {"clear_days": BadLimit}
    assert refused(shop, 10, good, of=bundle)["into"] is not None
    set_rule(shop, 10, good)


def test_what_is_sold_before_its_release_goes_on_no_clearance(shop: Shop) -> None:
    good = add(shop)
    goods.release(shop, shop.sku, clock.now() + 3 * DAY)
    assert refused(shop, 10, good) == {"into": NoClearance}
    assert refused(shop, 10, shop.sku, of=good) == {"into": BadClearance}

    goods.release(shop, shop.sku, None)
    set_rule(shop, 10, good)
    for sku in (shop.sku, good):
        with pytest.raises(Invalid) as refusal:
            goods.release(shop, sku, clock.now() + 3 * DAY)
        assert isinstance(refusal.value.fields["release"], InClearance)


def test_no_clearance_passes_codes_on(shop: Shop) -> None:
    middle = add(shop)
    last = open_rule(shop)
    assert refused(shop, 10, middle, of=last) == {"into": ClearanceChain}
    assert refused(shop, 10, shop.sku, of=middle) == {"into": ClearanceChain}
    assert refused(shop, 10, last, of=middle) == {"into": ClearanceChain}  # one takes the codes of one
    with pytest.raises(Invalid):
        open_rule(replace(shop, sku=last), 3)


def test_racing_rules_make_no_chain(shop: Shop) -> None:
    other = add(shop)

    at_once([lambda: set_rule(shop, 9, other), lambda: set_rule(shop, 9, shop.sku, of=other)])

    assert len(shop.read(catalog.read_clearances)) == 1


# Under load ----------------------------------------------------------------------------------------------------------


def test_sales_race_with_the_move_and_each_code_is_sold_once_at_its_price(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "SLICE", 7)
    codes = bring(shop, 60, 5)
    short = add(shop)
    set_rule(shop, 10, short)
    orders: list[tuple[str, Order]] = []

    def sell() -> None:
        for turn in range(20):
            sku = (shop.sku, short)[turn % 2]
            try:
                order = shop.place(sku=sku)
            except OutOfStock:
                continue
            assert shop.pay(order)
            orders.append((sku, order))

    def clear() -> None:
        while shop.write(lambda: service.clear_some(now=clock.now(), today=pool.today())).moved:
            pass

    answers = at_once([clear, sell, sell, sell])
    assert not [answer for answer in answers if isinstance(answer, BaseException)], answers
    shop.drain()

    owned = {order.id: shop.read(partial(entitled.list_of_order, order.id)) for _, order in orders}
    sold = [item.code_id for items in owned.values() for item in items]
    assert None not in sold
    assert len(set(sold)) == len(sold) == len(orders)
    rows = {row.id: row for row in shop.read(lambda: pool.rows(Code))}
    prices = {shop.sku: PRICE, short: LESS}
    numbers = {sku: number_of(shop, sku) for sku in prices}
    for sku, order in orders:
        assert order.total_amount == prices[sku]
        (item,) = owned[order.id]
        assert item.code_id is not None
        assert (item.sku_id, rows[item.code_id].sku_id) == (numbers[sku], numbers[sku])
    left = Counter(row.sku_id for row in rows.values() if row.status is Status.FREE)
    assert left == Counter({numbers[short]: len(codes) - len(orders)})
    assert len({sku for sku, _ in orders}) == 2  # or it was no race


def test_the_expiry_told_counts_what_others_hold(shop: Shop) -> None:
    bring(shop, 1, 3)
    bring(shop, 1, 6)
    bring(shop, 1, None, sku=(short := open_rule(shop)))
    shop.drain()
    number, today = number_of(shop, short), pool.today()
    assert shop.read(lambda: queries.good_until(number, today)) == today + 3 * DAY

    order = shop.place(sku=short)
    assert shop.read(lambda: queries.good_until(number, today)) == today + 3 * DAY  # it may come back
    assert shop.pay(order)
    assert shop.read(lambda: queries.good_until(number, today)) == today + 6 * DAY
