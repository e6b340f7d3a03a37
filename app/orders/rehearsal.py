"""Rehearsal: what rules of the shop would have done with its last orders, counted as the windows count them.

Every order goes through the rules in the order of its time, and once more when it was paid from a known account. One
that is refused on the way was never there for those that follow. What nobody wrote down is taken as it stands now:
refused payments count from the moment their order was placed, and a place that was forgotten is none.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.kit import db
from app.kit.events import EventRow
from app.orders.events import OrderCancelled
from app.orders.models import Closed, Order, Payment, Purpose
from app.orders.windows import MOST, OF, TIME_TO_PAY
from app.risk.queries import INSTANT, Mode, Rule, What, Whose
from app.risk.service import judge

BACK = timedelta(days=30)
LARGEST = 10_000  # orders that are looked at, the newest
DAY, SLACK = timedelta(days=1), timedelta(days=1)
ORDER, EVENT = Order.__table__.c, EventRow.__table__.c

NAMES = {whose: column.name for whose, column in OF.items()}
Rules = Mapping[str, Sequence[tuple[str, Rule]]]  # by the column that names a hand; each with its name
UNTIL, WHEN = attrgetter("expires_at"), itemgetter(0, 1)


@dataclass(frozen=True)
class Past:
    """An order as rules look back at it."""

    id: UUID
    placed_at: datetime
    expires_at: datetime  # windows reckon from it when the order was placed
    total_amount: int
    contact_index: bytes
    device_id: UUID | None = None
    network_index: bytes | None = None
    payer_index: bytes | None = None
    paid_at: datetime | None = None
    closed_at: datetime | None = None  # when its buyer gave it up
    refusals: int = 0
    of_company: bool = False  # counted with the others, and judged by no rule
    is_kept: bool = False  # paid, and no money of it has gone back

    @cached_property
    def waits_until(self) -> datetime:
        """Return until when it held stock unpaid."""
        return min(at for at in (self.expires_at, self.paid_at, self.closed_at) if at)


def list_past(*, now: datetime, most: int = LARGEST) -> tuple[list[Past], bool]:
    """List the orders of the last 30 days, at most so many of the newest, and tell whether there were more."""
    since = now - BACK
    first = UUID(int=int((since - SLACK).timestamp() * 1000) << 80)  # ids sort by time: it saves looking at older ones
    cancelled = (EVENT.merchant_id == ORDER.merchant_id, EVENT.order_id == ORDER.id, EVENT.name == OrderCancelled.name)
    given_up = select(func.min(EVENT.at)).where(*cancelled, ORDER.closed == Closed.CANCELLED).scalar_subquery()
    known = [
        ORDER[name] for name in ("id", "placed_at", "expires_at", "total_amount", *(of.name for of in OF.values()))
    ]
    query = select(
        *known,
        ORDER.paid_at,
        ORDER.refusals,
        given_up.label("closed_at"),
        ORDER.company_id.is_not(None).label("of_company"),
        ((ORDER.payment == Payment.PAID) & (ORDER.refunded_amount == 0)).label("is_kept"),
    )
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.purpose == Purpose.SALE)
    query = query.where(*mine, ORDER.id >= first, ORDER.placed_at >= since).order_by(ORDER.id.desc()).limit(most + 1)
    rows = [Past(**row) for row in db.session().execute(query).mappings()]
    return rows[:most], len(rows) > most


def rehearse(orders: Iterable[Past], rules: Sequence[Rule]) -> dict[str, list[Past]]:
    """Return by rule which of these orders it would have caught, the oldest first; rules that are off catch none."""
    stage = _Stage([rule for rule in rules if rule.mode is not Mode.OFF])
    known = sorted(orders, key=attrgetter("id"))
    moments = [(order.placed_at, False, order) for order in known]
    moments += [(order.paid_at, True, order) for order in known if order.paid_at and order.payer_index]
    for (at, is_paid), some in groupby(sorted(moments, key=WHEN), key=WHEN):
        together = [order for *_, order in some]
        if is_paid:
            stage.pay(together, at)
        else:
            stage.place(together, at)
    return stage.caught


class _Hand:
    """The orders of one hand within a day, by the time until which windows count them; at most so many."""

    __slots__ = ("money", "orders", "refused")

    def __init__(self) -> None:
        self.orders: list[Past] = []
        self.money, self.refused = [0], [0]  # of all orders before this place

    def add(self, order: Past, at: datetime) -> None:
        place = bisect_right(self.orders, order.expires_at, key=UNTIL)
        self.orders.insert(place, order)
        self._sum_up(place)
        old = bisect_right(self.orders, at + TIME_TO_PAY - DAY, key=UNTIL)
        if gone := max(old, len(self.orders) - MOST):
            del self.orders[:gone], self.money[:gone], self.refused[:gone]

    def drop(self, order: Past) -> None:
        place = next((place for place, one in enumerate(self.orders) if one is order), None)
        if place is not None:
            del self.orders[place]
            self._sum_up(place)

    def is_within(self, rule: Rule) -> bool:
        """Tell whether a rule catches nobody here, whatever its window: all together are within its limit."""
        if rule.what is What.MONEY:
            return self.money[-1] - self.money[0] <= rule.most
        if rule.what is What.REFUSED:
            return self.refused[-1] - self.refused[0] <= rule.most
        return len(self.orders) <= rule.most

    def count(self, rule: Rule, at: datetime, own: Past) -> int:
        """Return what a rule counts for an order at a moment, as the statement of the windows does."""
        if rule.minutes == INSTANT:
            return sum(order.waits_until > at for order in self._since(at))
        since = at + TIME_TO_PAY - timedelta(minutes=rule.minutes)
        if rule.what is What.CONTACTS:
            return len({order.contact_index for order in self._since(since)})
        place = bisect_right(self.orders, since, key=UNTIL)
        if rule.what is What.MONEY:
            return self.money[-1] - self.money[place]
        if rule.what is What.REFUSED:
            return self.refused[-1] - self.refused[place] - own.refusals  # which came later
        return len(self.orders) - place

    def _since(self, moment: datetime) -> list[Past]:
        return self.orders[bisect_right(self.orders, moment, key=UNTIL) :]

    def _sum_up(self, place: int) -> None:
        """Sum up anew from a place on, which is mostly the last one."""
        money, refused = self.money, self.refused
        del money[place + 1 :], refused[place + 1 :]
        for order in self.orders[place:]:
            money.append(money[-1] + order.total_amount)
            refused.append(refused[-1] + order.refusals)


class _Stage:
    """The hands as they were at a moment, and what was caught until then."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        by_hand: Rules = {NAMES[whose]: [(rule.name, rule) for rule in rules if rule.whose is whose] for whose in Whose}
        payer = NAMES[Whose.PAYER]
        self.at_door = {column: mine for column, mine in by_hand.items() if mine and column != payer}
        self.at_till = {payer: by_hand[payer]} if by_hand[payer] else {}
        self.caught: dict[str, list[Past]] = {rule.name: [] for rule in rules}
        self._hands: dict[str, dict[Any, _Hand]] = {column: defaultdict(_Hand) for column in by_hand}
        self._refused: set[UUID] = set()

    def place(self, orders: Sequence[Past], at: datetime) -> None:
        """Let orders come that were placed in one go; when a rule refuses one of them, each comes alone."""
        for order in orders:
            self._enter(order, self.at_door, at)
        found = [(order, self._judge(order, self.at_door, at)) for order in orders if not order.of_company]
        refused = [order for order, hits in found if any(rule.mode is Mode.REFUSE for rule in hits)]
        if refused:
            for order in orders:
                self._leave(order)
        if refused and len(orders) > 1:
            for order in orders:
                self.place([order], at)
            return
        self._refused.update(order.id for order in refused)
        self._note(found)

    def pay(self, orders: Sequence[Past], at: datetime) -> None:
        """Let orders be paid; those that a rule would have refused never were."""
        paid = [order for order in orders if order.id not in self._refused]
        for order in paid:
            self._enter(order, self.at_till, at)
        self._note([(order, self._judge(order, self.at_till, at)) for order in paid if not order.of_company])

    def _of(self, order: Past, column: str) -> _Hand | None:
        known = getattr(order, column)
        return None if known is None else self._hands[column][known]

    def _enter(self, order: Past, rules: Rules, at: datetime) -> None:
        for column in rules:
            if hand := self._of(order, column):
                hand.add(order, at)

    def _leave(self, order: Past) -> None:
        for column in self._hands:
            if hand := self._of(order, column):
                hand.drop(order)

    def _judge(self, order: Past, rules: Rules, at: datetime) -> list[Rule]:
        counts: dict[str, int] = {}
        for column, mine in rules.items():
            if hand := self._of(order, column):
                counts |= {name: hand.count(rule, at, order) for name, rule in mine if not hand.is_within(rule)}
        all_rules = [rule for mine in rules.values() for _, rule in mine] if counts else []
        return [hit.rule for hit in judge(counts, all_rules).hits]

    def _note(self, found: Sequence[tuple[Past, list[Rule]]]) -> None:
        for order, hits in found:
            for rule in hits:
                self.caught[rule.name].append(order)
