"""What changed fences would have done with the orders there were: the same as they do (B6.3)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.models import Order
from app.orders.queries import Past, rehearse
from app.orders.windows import MOST
from app.risk import queries as fences
from app.risk.errors import TurnedAway
from app.risk.queries import HOUSE, Mode, Rule
from tests.make import Shop
from tests.risk.hands import HOME, OFFICE, order, pay_from, set_rule

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEVICE = new_id()


def minute(at: float, **more: Any) -> Past:
    """Return an order that one browser placed so many minutes after noon."""
    placed = NOON + timedelta(minutes=at)
    known: dict[str, Any] = {
        "total_amount": 100,
        "contact_index": b"dora",
        "device_id": DEVICE,
        "network_index": b"home",
    } | more
    return Past(new_id(), placed, placed + timedelta(minutes=15), **known)


def rule(name: str, mode: Mode, most: int, minutes: int | None = None) -> Rule:
    return replace(HOUSE[name], mode=mode, most=most, minutes=HOUSE[name].minutes if minutes is None else minutes)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


WAITS_LONGER = replace(minute(0), expires_at=at(60 * 24))
TOLD: dict[str, tuple[Rule, list[Past], list[int]]] = {
    "the window slides, and its edge is out of it": (
        rule("contact.orders", Mode.WATCH, 1, 10),
        [minute(0), minute(10), minute(19.9)],
        [2],
    ),
    "who is only held back counts for those that follow": (
        rule("contact.orders", Mode.REVIEW, 2, 60),
        [minute(n) for n in range(0, 80, 20)],
        [2, 3],
    ),
    "who is refused was never there": (
        rule("contact.orders", Mode.REFUSE, 2, 60),
        [minute(n) for n in range(0, 101, 20)],
        [2, 5],
    ),
    "money is summed with the order itself": (
        rule("device.money", Mode.WATCH, 250),
        [minute(0), minute(1, total_amount=150), minute(2, total_amount=1)],
        [2],
    ),
    "other contacts are counted once": (
        rule("device.contacts", Mode.REVIEW, 2),
        [minute(n, contact_index=who) for n, who in enumerate((b"a", b"b", b"a", b"c"))],
        [3],
    ),
    "refused payments count of the others alone": (
        rule("contact.refused", Mode.REVIEW, 5),
        [minute(0, refusals=6), minute(10, refusals=9), minute(60 * 3)],
        [1],
    ),
    "what was paid, given up or ran out waits no more": (
        rule("network.unpaid", Mode.REFUSE, 1),
        [
            minute(0, paid_at=at(1)),
            minute(2, closed_at=at(3)),
            minute(4),
            minute(5),
            minute(19),
        ],
        [3],
    ),
    "an order kept open for its money counts as the windows count it": (
        rule("contact.orders", Mode.WATCH, 1, 10),
        [WAITS_LONGER, minute(60 * 12)],
        [1],
    ),
    "those of a company are counted and not judged": (
        rule("contact.orders", Mode.WATCH, 1),
        [minute(0), minute(1, of_company=True), minute(2)],
        [2],
    ),
    "who has no network is caught by none": (
        rule("network.orders", Mode.WATCH, 1),
        [minute(n, network_index=None) for n in range(3)],
        [],
    ),
    "several of one form hand are counted together": (
        rule("contact.orders", Mode.REVIEW, 1),
        [minute(0), minute(0)],
        [0, 1],
    ),
    "of several at once the first go through when they are refused": (
        rule("contact.orders", Mode.REFUSE, 1),
        [minute(0), minute(0), minute(0)],
        [1, 2],
    ),
    "an account is judged when it pays": (
        rule("payer.orders", Mode.REVIEW, 1),
        [minute(0, payer_index=b"x", paid_at=at(9)), minute(1, payer_index=b"x", paid_at=at(5)), minute(2)],
        [0],
    ),
    "a rule that is off catches nobody": (rule("contact.orders", Mode.OFF, 1), [minute(0), minute(1)], []),
    "of one hand the newest are looked at": (
        rule("contact.orders", Mode.WATCH, MOST, 1440),
        [minute(n / 10) for n in range(MOST + 3)],
        [],
    ),
}


@pytest.mark.parametrize("told", TOLD)
def test_it_counts_as_the_windows_do(told: str) -> None:
    fence, past, expected = TOLD[told]

    caught = rehearse(reversed(past), [fence]).get(fence.name, [])

    assert sorted(past.index(one) for one in caught) == expected


def test_what_one_rule_refuses_no_other_one_counts() -> None:
    past = [minute(n, payer_index=b"x", paid_at=at(n + 0.5)) for n in range(4)]
    rules = [
        rule("contact.orders", Mode.REFUSE, 2),
        rule("payer.orders", Mode.REVIEW, 2),
        rule("device.orders", Mode.WATCH, 2),
    ]

    caught = rehearse(past, rules)

    assert {name: len(found) for name, found in caught.items()} == {
        "contact.orders": 2,
        "payer.orders": 0,
        "device.orders": 2,
    }


# The same as live --------------------------------------------------------------------------------------------------

GAPS = (0, 4, 9, 11, 12, 30, 41, 42, 43, 70)  # minutes


@pytest.mark.parametrize(
    ("name", "most", "minutes"),
    [("network.orders", 2, 10), ("network.money", 3 * 1999, 60), ("network.contacts", 2, 60), ("network.unpaid", 2, 0)],
)
def test_what_a_live_fence_refuses_the_rehearsal_finds(shop: Shop, name: str, most: int, minutes: int) -> None:
    """The same hands come twice: past no fence from one network, and past it from another."""
    shop.codes(60)
    begins = clock.now() - timedelta(hours=3)
    set_rule(shop, name, Mode.OFF, most, minutes)
    free = [come(shop, HOME, begins, place) for place in range(len(GAPS))]
    set_rule(shop, name, Mode.REFUSE, most, minutes)
    live = [come(shop, OFFICE, begins, place) for place in range(len(GAPS))]

    found = {one.id for one in trial(shop)[name]}

    assert [one.id in found for one in free if one] == [one is None for one in live]
    assert any(live)
    assert not all(live)
    assert not found & {one.id for one in live if one}


def come(shop: Shop, network: str, begins: datetime, place: int) -> Order | None:
    """Order from a network; every third one is given up a minute later."""
    then = begins + timedelta(minutes=GAPS[place])
    someone = f"d{place % 4}.{network[0]}@example.com"
    try:
        placed = order(shop, contact=someone, network=network, quantity=1 + place % 2, at=then)
    except TurnedAway:
        return None
    if place % 3 == 0:
        shop.write(lambda: ordering.cancel(placed.id, now=then + timedelta(minutes=1), by=SYSTEM))
    return placed


def test_what_live_fences_hold_back_the_rehearsal_finds(shop: Shop) -> None:
    shop.codes(30)
    begins = clock.now() - timedelta(minutes=50)
    for name, most in (("device.contacts", 3), ("contact.refused", 1), ("contact.orders", 1)):
        set_rule(shop, name, Mode.REVIEW, most)
        placed = refused_hand(shop, name, begins)

        caught = shop.read(lambda placed=placed: fences.list_caught(placed))  # type: ignore[misc]
        found = {one.id for one in trial(shop)[name]}

        assert found & set(placed) == set(caught) != set()


def refused_hand(shop: Shop, name: str, begins: datetime) -> list[UUID]:
    """Order six times in one browser, for five contacts; each payment is refused twice, and the order given up."""
    placed, device = [], new_id()
    for place in range(6):
        then = begins + timedelta(minutes=8 * place)
        one = order(shop, device=device, contact=f"{name}{place % 5}@example.com", at=then)
        placed.append(one.id)
        for _ in range(2):
            shop.write(lambda: ordering.count_refusal(one.id))  # noqa: B023
        shop.write(lambda: ordering.cancel(one.id, now=then + timedelta(minutes=3), by=SYSTEM))  # noqa: B023
    return placed


def test_whom_a_live_fence_knows_by_the_account_the_rehearsal_finds(shop: Shop) -> None:
    shop.codes(8)
    set_rule(shop, "payer.contacts", Mode.REVIEW, 2)
    placed = [order(shop) for _ in range(5)]

    assert all(pay_from(shop, one, "2088-dora") for one in placed[:4])
    assert pay_from(shop, placed[4], "2088-eve")

    assert [one.id for one in trial(shop)["payer.contacts"]] == [placed[2].id, placed[3].id]


def trial(shop: Shop) -> dict[str, list[Past]]:
    """Rehearse the rules as they stand."""
    return shop.read(lambda: rehearse(orders.list_past(now=clock.now())[0], list(fences.read().values())))


def test_only_the_newest_orders_of_30_days_are_looked_at(shop: Shop) -> None:
    shop.codes(5)
    now = clock.now()
    placed = [order(shop, at=now - timedelta(days=back)) for back in (31, 29, 2, 1)]

    def listed(most: int) -> tuple[Sequence[Any], bool]:
        past, cut = shop.read(lambda: orders.list_past(now=now, most=most))
        return [one.id for one in past], cut

    assert listed(9) == ([one.id for one in placed[:0:-1]], False)
    assert listed(2) == ([placed[3].id, placed[2].id], True)
