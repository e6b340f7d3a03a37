"""What was sold and what became of it: every total opens just the rows that it counts."""

from datetime import date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import new_id, public
from app.kit.listing import listed
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.models import Channel
from app.redemption.queries import CLASSES, Tally
from app.redemption.service import Via
from app.refunds import service as refunds
from tests.redemption.goods import STAFF, Desk

COMPANY = new_id()
PARTS = ("refunded", "owed", "redeemed", "expired", "unredeemed")


def today() -> date:
    return clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()


def tallies(desk: Desk, **known: object) -> list[Tally]:
    day = today()
    return desk.shop.read(lambda: queries.tallies(first=day, last=day, now=clock.now(), **known))  # type: ignore[arg-type]


@pytest.fixture
def sold(desk: Desk) -> Desk:
    """Seven sold: one refunded, one expired, two redeemed (one of a company), three as they were."""
    desk.rule(uses=2, valid_days=0)
    _, (refunded,), (ours,) = desk.sell(), desk.sell(), desk.sell(company_id=COMPANY)
    desk.shop.drain()
    desk.rule(uses=2)
    used, *_ = desk.sell(4)
    desk.shop.drain()
    desk.shop.write(lambda: refunds.refund(refunded.order_id, reason="", now=clock.now(), by=SYSTEM))
    for card in (used, ours):
        desk.redeemed(card)
    return desk


def test_every_entitlement_counts_once_and_the_parts_add_up(sold: Desk) -> None:
    later = clock.now() + timedelta(days=2)
    day = today()
    (tally,) = sold.shop.read(lambda: queries.tallies(first=day, last=day, now=later))

    assert tally.day == day
    assert dict(tally.counts) == {
        "sold": 7,
        "revealed": 0,
        "refunded": 1,
        "owed": 0,
        "redeemed": 2,
        "expired": 1,
        "unredeemed": 3,
    }
    assert tally.counts["sold"] == sum(tally.counts[name] for name in PARTS)


@pytest.mark.parametrize("filters", [{}, {"company_id": COMPANY}])
def test_every_total_opens_its_rows(sold: Desk, filters: dict[str, object]) -> None:
    later = clock.now() + timedelta(days=2)
    with clock.running(lambda: later):
        day = (later - timedelta(days=2)).astimezone(ZoneInfo("Asia/Shanghai")).date()
        (tally,) = sold.shop.read(lambda: queries.tallies(first=day, last=day, now=later, **filters))  # type: ignore[arg-type]
        asked = {"day": f"{day}", "sku": public("sku", tally.sku_id)}
        asked |= {"company": public("com", COMPANY)} if filters else {}
        for name in CLASSES:
            rows = sold.shop.read(partial(listed, queries.ENTITLEMENTS, asked | {"class": name})).page.rows
            assert (name, len(rows)) == (name, tally.counts[name])


def test_days_outside_and_other_products_are_left_out(sold: Desk) -> None:
    day = today()
    long_ago = sold.shop.read(
        lambda: queries.tallies(first=day - timedelta(days=9), last=day - timedelta(days=1), now=clock.now())
    )

    assert long_ago == []
    assert tallies(sold, sku_id=new_id()) == []
    assert [tally.counts["sold"] for tally in tallies(sold, company_id=COMPANY)] == [1]
    stretch = f"{day - timedelta(days=3)}..{day}"
    assert len(sold.shop.read(lambda: listed(queries.ENTITLEMENTS, {"day": stretch}).page.rows)) == 7
    assert sold.shop.read(lambda: listed(queries.ENTITLEMENTS, {"company": public("com", new_id())}).page.rows) == ()


def test_uses_are_counted_by_channel_less_what_was_taken_back(sold: Desk) -> None:
    (card,) = sold.sell()
    made = sold.redeemed(card, via=Via(Channel.API, STAFF), count=2)
    now = clock.now()
    window: dict[str, Any] = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}

    counted = sold.shop.read(lambda: queries.count_uses(**window))
    assert {channel: uses for (_, channel), uses in counted.items()} == {Channel.COUNTER: 2, Channel.API: 2}

    sold.shop.write(lambda: redemption.roll_back(made.id, reason="mistake", now=clock.now(), by=STAFF))
    counted = sold.shop.read(lambda: queries.count_uses(**window))
    assert {channel: uses for (_, channel), uses in counted.items()} == {Channel.COUNTER: 2, Channel.API: 0}


def test_a_history_tells_each_act_and_what_took_it_back(sold: Desk) -> None:
    (card,) = sold.sell()
    made = sold.redeemed(card)
    sold.shop.write(lambda: redemption.roll_back(made.id, reason="mistake", now=clock.now(), by=STAFF))

    use, back = sold.shop.read(lambda: queries.history(card.id))

    assert (use.row.id, getattr(use.undone, "id", None)) == (made.id, back.row.id)
    assert (back.row.uses, back.row.reason, back.undone) == (-1, "mistake", None)


def test_redemptions_are_listed_by_product_day_and_channel(sold: Desk) -> None:
    sku = public("sku", sold.sku_id())
    day = f"{today()}"

    for args, count in (
        ({}, 2),
        ({"sku": sku, "day": day, "channel": "counter"}, 2),
        ({"channel": "api"}, 0),
        ({"day": "2001-01-01"}, 0),
        ({"day": "does not say which day"}, 2),
    ):
        rows = sold.shop.read(partial(listed, queries.REDEMPTIONS, args)).page.rows
        assert (args, len(rows)) == (args, count)
