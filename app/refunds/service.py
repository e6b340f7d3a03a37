"""What can be done with refunds. It reads like the process: entitlements, codes, money, books."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.entitlements import service as entitlements
from app.entitlements.service import TakenBack
from app.kit import db
from app.kit.errors import Invalid
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money, split
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order, Payment, Purpose
from app.payments import queries as paybacks
from app.payments import service as payments
from app.payments.events import PaybackDone, PaybackStuck
from app.payments.queries import PaybackState
from app.refunds import queries
from app.refunds.errors import NoBalance, NothingChosen, NotRefundable, ReasonNeeded
from app.refunds.events import OrderRefunded, PieceTraded, RefundDone, RefundStuck, TopUpRefunded
from app.refunds.models import Refund, RefundPart, RefundState
from app.refunds.rules import due

SOLD_OUT = "sold out"
TOO_LATE = "not decided in time"


@dataclass(frozen=True)
class Wish:
    """What of an order is to be taken back: all that is left of it, or `only` some entitlements.

    `even_seen` takes codes back that their buyer knows, which needs a reason; `to_balance` leaves the money with the
    shop, on the balance that the order has to do with.
    """

    order_id: UUID
    reason: str
    only: Collection[UUID] | None = None
    even_seen: bool = False
    to_balance: bool = False


def refund(order_id: UUID, *, reason: str, now: datetime, by: By) -> Refund:
    """Give the money back of all that is left of a paid order; refuses as `take_back` does."""
    return take_back(Wish(order_id, reason), now=now, by=by)


def take_back(wish: Wish, *, now: datetime, by: By) -> Refund:
    """Take some or all of a paid order back, and give just the money back that was paid for it, each tender its share.

    Refuses with NotRefundable, NothingChosen, NoBalance, ReasonNeeded, and with CodesSeen, CodesUsed or
    TakenBackBefore; nothing changes then.
    """
    order, row, taken = _take(wish, "refund", now=now, by=by)
    _store(row, taken.parts, sent=bool(taken.shares))
    known = {"refund_id": row["id"], "to_balance": wish.to_balance, "now": now, "by": by}
    payments.send_back_payments(order.id, taken.shares, **known)
    publish(OrderRefunded(**_facts(row, taken), at=now, by=by))
    if not taken.whole:
        entitlements.catch_up(order.id, now=now)
    return Refund(**row)


@dataclass(frozen=True)
class TradeIn:
    """A piece that is exchanged for what another order has: which tender it met of that with how much of what was paid
    for it, and how much of that goes `back` as money; the shop keeps the rest."""

    order_id: UUID
    entitlement_id: UUID
    into: Order
    tender_id: UUID
    moved: Money
    back: Money


def trade_in(what: TradeIn, *, now: datetime, by: By) -> Money:
    """Take a piece back for which its buyer has another one, and return what was paid for it, fee of paying included.

    What went into the other order is traced to where it was paid from. Whoever calls has the piece in hand; refuses as
    `take_back` does.
    """
    wish = Wish(what.order_id, what.into.number, [what.entitlement_id], even_seen=True)
    order, row, taken = _take(wish, "exchange", now=now, by=by)
    row["into_id"] = what.into.id
    moved, back = _carve(taken.shares, what)
    _store(row, taken.parts, sent=bool(back))
    payments.set_origins(what.tender_id, moved)
    payments.send_back_payments(order.id, back, refund_id=row["id"], now=now, by=by)
    into: dict[str, Any] = {"into_id": what.into.id, "number": what.into.number, "back": what.back.minor}
    publish(PieceTraded(**_facts(row, taken), **into, at=now, by=by))
    if not taken.whole:
        entitlements.catch_up(order.id, now=now)
    return sum(taken.shares.values(), Money(0, order.currency))


def _carve(shares: Mapping[UUID, Money], what: TradeIn) -> tuple[dict[UUID, Money], dict[UUID, Money]]:
    """Return by tender what goes into the other order, and what of the rest goes back."""
    moved = split(what.moved, {number: share.minor for number, share in shares.items()})
    rest = {number: (share - moved[number]).minor for number, share in shares.items()}
    back = split(what.back, rest) if what.back.minor else {}
    return tuple({number: part for number, part in parts.items() if part.minor} for parts in (moved, back))  # type: ignore[return-value]


@dataclass(frozen=True)
class _Taken:
    """What was taken back: each piece's part of the refund, what of each tender that is, whether nothing is left."""

    parts: list[dict[str, Any]]
    shares: dict[UUID, Money]
    whole: bool


def _take(wish: Wish, reason: str, *, now: datetime, by: By) -> tuple[Order, dict[str, Any], _Taken]:
    """Revoke what is wished, and note how much of the order's money goes back for it; the row is yet to be stored."""
    order = _locked(wish)
    what = entitlements.Revoking(order.id, reason, wish.only, wish.even_seen)
    taken = entitlements.revoke(what, now=now, by=by)
    whole = not queries.owns_anything(order.id)
    prices = queries.prices(order.id, {item.entitlement_id: (item.part_id, item.slot) for item in taken})
    row = _row(new_id(), wish, order, taken, now=now, by=by) | _worth(order, prices.values(), whole=whole)
    shares = ordering.give_back(order, Money(row["amount"], order.currency), whole=whole)
    if shares is None:
        raise NotRefundable
    return order, row, _Taken(_parts(row, taken, prices), shares, whole)


def send_back(order: Order, amount: Money, *, reason: str, now: datetime, by: By) -> Refund:
    """Send so much of a top-up back the way it was paid; whoever calls has taken it off the balance in this unit.

    Refuses with NotRefundable when it was not paid, or has not so much left.
    """
    number, whole = new_id(), amount == order.kept
    row = _row(number, Wish(order.id, reason), order, (), now=now, by=by) | {"amount": amount.minor, "forgiven": 0}
    shares = ordering.give_back(order, amount, whole=whole)
    if shares is None:
        raise NotRefundable
    _store(row, (), sent=bool(shares))
    payments.send_back_payments(order.id, shares, refund_id=number, now=now, by=by)
    facts = {"amount": amount.minor, "currency": amount.currency, "reason": reason}
    publish(TopUpRefunded(subject_id=number, order_id=order.id, at=now, by=by, **facts))  # type: ignore[arg-type]
    return Refund(**row)


def decline(order_id: UUID, *, reason: str, now: datetime, by: By) -> Refund:
    """Give the money of an order in review back, whole, and its stock to others; refuses with AlreadyDecided."""
    ordering.decline(order_id, reason=reason, now=now, by=by)
    return refund(order_id, reason=reason, now=now, by=by)


def _locked(wish: Wish) -> Order:
    """Return the order as it stands, and let nobody else change its money until the unit ends."""
    orders.get(wish.order_id)
    ordering.lock(wish.order_id)
    order = orders.reread(wish.order_id)
    if order.payment not in (Payment.PAID, Payment.PARTIALLY_REFUNDED) or order.purpose is not Purpose.SALE:
        raise NotRefundable
    if wish.only is not None and not wish.only:
        raise Invalid({"e": NothingChosen()})
    if wish.even_seen and not wish.reason:
        raise Invalid({"reason": ReasonNeeded()})
    if wish.to_balance and order.holder_id is None:
        raise NoBalance
    return order


def _row(
    number: UUID, wish: Wish, order: Order, taken: Sequence[TakenBack], *, now: datetime, by: By
) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "order_id": order.id,
        "currency": order.currency,
        "reason": wish.reason,
        "state": RefundState.ASKED,
        "created_at": now,
        "done_at": None,
        "cost": sum(item.cost for item in taken),
        "actor_type": by.type,
        "actor_id": by.id,
        "to_balance": wish.to_balance,
        "into_id": None,
    }


def _worth(order: Order, prices: Iterable[int], *, whole: bool) -> dict[str, int]:
    """Return how much goes back for what was taken, and how much of its price the buyer never paid.

    By difference: the last piece of an order takes what is left, so that each party ends at exactly zero.
    """
    before = queries.goods_before(order)
    goods = order.total if whole else before + Money(sum(prices), order.currency)
    amount = due(goods, of=order.total, paid=order.paid) - order.refunded
    return {"amount": amount.minor, "forgiven": (goods - before - amount).minor}


def _parts(row: dict[str, Any], taken: Sequence[TakenBack], prices: Mapping[UUID, int]) -> list[dict[str, Any]]:
    """Return what each piece is of the refund."""
    shares = split(Money(row["amount"], row["currency"]), prices) if prices else {}
    return [
        {
            "merchant_id": row["merchant_id"],
            "entitlement_id": item.entitlement_id,
            "refund_id": row["id"],
            "part_id": item.part_id,
            "amount": shares[item.entitlement_id].minor,
            "seen": item.seen,
        }
        for item in taken
    ]


def _store(row: dict[str, Any], parts: Sequence[dict[str, Any]], *, sent: bool) -> None:
    if not sent:
        row |= {"state": RefundState.DONE, "done_at": row["created_at"]}
    db.insert((Refund.__table__, [row]), (RefundPart.__table__, list(parts)))


def _facts(row: dict[str, Any], taken: _Taken) -> dict[str, Any]:
    """Return what an event tells of a refund."""
    facts = {name: row[name] for name in ("order_id", "amount", "currency", "reason", "forgiven", "cost")}
    return facts | {"subject_id": row["id"], "count": len(taken.parts), "whole": taken.whole}


def follow(events: Sequence[PaybackDone | PaybackStuck]) -> None:
    """Bring refunds up to date with what became of their paybacks."""
    for event in events:
        told = paybacks.list_paybacks_of(event.source_id)
        if not told or told[0].kind is not paybacks.PaybackKind.REFUND:
            continue
        stuck = any(payback.state in (PaybackState.REFUSED, PaybackState.UNKNOWN) for payback in told)
        done = all(payback.state is PaybackState.DONE for payback in told)
        _restate(event, RefundState.STUCK if stuck else RefundState.DONE if done else RefundState.ASKED)


def _restate(event: PaybackDone | PaybackStuck, state: RefundState) -> None:
    r = Refund.__table__.c
    mine = (r.merchant_id == db.merchant_id(), r.id == event.source_id, r.state != RefundState.DONE, r.state != state)
    changes = {"state": state, "done_at": event.at if state is RefundState.DONE else None}
    if db.changed(update(Refund.__table__).where(*mine).values(changes)) == 0:  # type: ignore[arg-type]
        return
    if state is RefundState.DONE:
        publish(RefundDone(subject_id=event.source_id, order_id=event.order_id, at=event.at))
    elif state is RefundState.STUCK:
        stuck = RefundStuck(subject_id=event.source_id, order_id=event.order_id, reason=event.reason, at=event.at)
        publish(stuck)
