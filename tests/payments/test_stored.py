"""The money is recorded first: a notice that cannot be applied is stored, answered, and applied later (B1.4)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app import wiring
from app.kit import clock, db, events
from app.kit.events import Outbox
from app.orders.events import OrderPaid
from app.orders.models import Order
from app.payments import service as payments
from app.payments.models import NoticeState
from tests.make import Shop, at_once
from tests.payments.gate import FAIL, SUCCESS, inbox, send
from tests.payments.market import Market

APPLIED, REFUSED, STORED, SURPLUS = NoticeState.APPLIED, NoticeState.REFUSED, NoticeState.STORED, NoticeState.SURPLUS


class Poison:
    """A reaction to money that fails: for these orders, or for all while it is `on`."""

    def __init__(self) -> None:
        self.on, self.orders = False, set[UUID]()

    def react(self, paid: Sequence[OrderPaid]) -> None:
        if self.on or any(event.subject_id in self.orders for event in paid):
            raise LookupError("the reaction is broken")


@pytest.fixture
def poison() -> Iterator[Poison]:
    """A broken reaction beside those of the house, in the unit that takes the money."""
    bad = Poison()
    events.wire({**wiring.NOW, OrderPaid: (*wiring.NOW[OrderPaid], bad.react)}, wiring.LATER)
    yield bad
    events.wire(wiring.NOW, wiring.LATER)


@pytest.fixture
def order(market: Market) -> Order:
    market.shop.codes(4)
    return market.shop.place()


def states(shop: Shop) -> list[NoticeState]:
    return [notice.state for notice in inbox(shop)]


def test_a_notice_that_cannot_be_applied_is_kept_and_answered_and_applied_later(
    market: Market, order: Order, poison: Poison
) -> None:
    poison.on = True

    assert send(market.shop.notice(order)) == SUCCESS

    assert (states(market.shop), market.word(order)) == ([STORED], "pending")
    assert market.owns(order) == []
    assert market.happened(order) == ["order.placed"]
    poison.on = False
    market.work()
    assert (states(market.shop), market.word(order)) == ([APPLIED], "delivered")
    assert market.balance("income:sales") == -1999


def test_what_was_stored_and_told_again_counts_once(market: Market, order: Order, poison: Poison) -> None:
    poison.on = True
    notice = market.shop.notice(order)
    assert send(notice) == send(notice) == SUCCESS
    poison.on = False

    assert send(notice) == SUCCESS
    market.work()
    assert send(notice) == SUCCESS
    market.work()

    assert (states(market.shop), market.word(order)) == ([APPLIED], "delivered")
    assert market.happened(order).count("order.paid") == 1


def test_a_poisoned_notice_holds_up_no_other(market: Market, order: Order, poison: Poison) -> None:
    others = [market.shop.place() for _ in range(3)]
    poison.on = True
    for some in (others[0], order, *others[1:]):
        assert send(market.shop.notice(some)) == SUCCESS
    poison.on = False
    poison.orders.add(order.id)

    market.work()

    assert [market.word(other) for other in others] == ["delivered"] * 3
    assert market.word(order) == "pending"
    assert sorted(states(market.shop)) == [APPLIED] * 3 + [STORED]

    for _ in range(4):
        market.wait(minutes=1)
    assert market.shop.stock()["held"] == 1
    poison.orders.clear()
    market.wait(hours=1)
    assert market.word(order) == "delivered"


def test_a_stored_notice_is_tried_more_and_more_rarely_and_for_ever(
    market: Market, order: Order, poison: Poison
) -> None:
    poison.orders.add(order.id)
    assert send(market.shop.notice(order)) == SUCCESS

    pauses = []
    for _ in range(14):
        due = market.shop.read(lambda: db.session().scalars(select(Outbox.due_at)).all())
        pauses.append(max(moment - clock.now() for moment in due))
        market.pass_time(seconds=pauses[-1].total_seconds() + 1)
        market.shop.drain()

    assert states(market.shop) == [STORED]
    assert pauses[3] < pauses[6] < pauses[9] <= timedelta(hours=1, seconds=1)
    poison.orders.clear()
    market.wait(hours=1)
    assert market.word(order) == "delivered"


def test_a_stored_notice_that_fits_nothing_is_sorted_out_when_it_is_read(
    market: Market, order: Order, poison: Poison
) -> None:
    assert send(market.shop.notice(order, trade_no="TG-1")) == SUCCESS
    other = market.shop.place()
    poison.on = True
    assert send(market.shop.notice(other)) == SUCCESS
    poison.on = False
    assert send(market.shop.notice(other, trade_no="TG-2")) == SUCCESS  # the same money again, by another trade
    assert states(market.shop) == [APPLIED, STORED, APPLIED]

    market.shop.drain()

    assert states(market.shop) == [APPLIED, SURPLUS, APPLIED]
    assert [payback.amount for payback in market.paybacks(other)] == [1999]


def test_a_forged_notice_is_stored_by_nobody_whatever_is_broken(market: Market, order: Order, poison: Poison) -> None:
    poison.on = True
    forged = market.shop.notice(order)
    forged.key = "0" * 64

    assert send(forged) == FAIL

    assert states(market.shop) == [REFUSED]


def test_late_and_stored_money_keeps_its_place_in_the_queue(market: Market, order: Order, poison: Poison) -> None:
    """Its turn is that of the moment it came, not of the moment somebody could read it."""
    second = market.shop.place()
    market.wait(minutes=16)
    market.shop.place(4)
    poison.orders.add(order.id)
    assert send(market.shop.notice(order)) == SUCCESS
    market.pass_time(seconds=2)
    assert send(market.shop.notice(second)) == SUCCESS
    poison.orders.clear()
    market.wait(seconds=30)
    assert [market.word(order), market.word(second)] == ["queued", "queued"]

    market.shop.codes(1)

    assert [market.word(order), market.word(second)] == ["delivered", "queued"]


def test_an_event_that_is_handed_out_twice_applies_its_notice_once(
    market: Market, order: Order, poison: Poison
) -> None:
    poison.on = True
    assert send(market.shop.notice(order)) == SUCCESS
    poison.on = False
    market.work()

    (notice,) = inbox(market.shop)
    again = market.shop.read(lambda: events.timeline(subject=("notice", notice.id)))
    market.shop.write(lambda: payments.apply_stored(again))

    assert [row.name for row in again] == ["notice.stored"]
    assert (states(market.shop), market.word(order), market.paybacks()) == ([APPLIED], "delivered", [])


def test_workers_at_once_apply_it_once(market: Market, order: Order, poison: Poison) -> None:
    poison.on = True
    assert send(market.shop.notice(order)) == SUCCESS
    poison.on = False
    drains: list[Callable[[], Any]] = [market.shop.drain] * 5

    assert at_once([*drains, lambda: send(market.shop.notice(order))])[5] == SUCCESS
    market.work()

    assert (states(market.shop), market.word(order)) == ([APPLIED], "delivered")
    assert market.happened(order).count("order.paid") == 1
