"""Questions about refunds."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.kit import db
from app.kit.few import no_index
from app.kit.money import Money, split
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Fulfilment, Order, Payment
from app.refunds.models import Refund as Refund
from app.refunds.models import RefundPart as RefundPart
from app.refunds.models import RefundState as RefundState
from app.refunds.rules import due, worth
from app.risk import queries as fences

HAS_MONEY = (Payment.PAID, Payment.PARTIALLY_REFUNDED)


def patience() -> timedelta:
    """Return how long the shop lets a paid order wait for stock."""
    return timedelta(hours=merchants.current().queue_hours)


def review_patience() -> timedelta:
    """Return how long an order in review waits for a decision."""
    hours = fences.policy().hours
    return timedelta(hours=hours) if hours else patience()


def returns_at(order: Order, *, is_seen: bool) -> datetime | None:
    """Return when the money of an order goes back by itself since codes are still owed; once one was seen, never.

    What was sold before its release is not late before that day, nor what is kept closed before it opens.
    """
    owed = order.payment in HAS_MONEY and order.fulfilment is not Fulfilment.DONE
    if not owed or order.paid_at is None or is_seen:
        return None
    ahead = (released_at(order.id), entitled.opens_at(order.id))
    return max([order.paid_at, *(moment for moment in ahead if moment)]) + patience()


def released_at(order_id: UUID) -> datetime | None:
    """Return the last day of release of what an order has bought before it, or None."""
    releases = catalog.supply().releases
    if not releases:
        return None
    early = orders.list_presold([order_id]).get(order_id, set())
    return max((releases[sku][0] for sku in early & set(releases)), default=None)


def list_of_order(order_id: UUID) -> Sequence[Refund]:
    """List the refunds of an order, oldest first."""
    return db.session().scalars(select(Refund).where(Refund.order_id == order_id).order_by(no_index(Refund.id))).all()


def list_traded(order_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these orders had pieces taken back that all became something else; asks nothing about none."""
    if not order_ids:
        return set()
    query = select(Refund.order_id).where(Refund.order_id.in_(list(order_ids))).group_by(Refund.order_id)
    return set(db.session().scalars(query.having(func.count() == func.count(Refund.into_id))))


def leading(rows: Sequence[Refund]) -> Refund | None:
    """Return of an order's refunds the one to tell of: one that is stuck, else one on its way, else the last."""
    by_state = {row.state: row for row in rows}
    first = (by_state.get(state) for state in (RefundState.STUCK, RefundState.ASKED, RefundState.DONE))
    return next((row for row in first if row), None)


def list_parts_of(refund_ids: Sequence[UUID]) -> dict[UUID, list[RefundPart]]:
    """Return of each of these refunds the pieces that it was for."""
    found: dict[UUID, list[RefundPart]] = defaultdict(list)
    query = select(RefundPart).where(RefundPart.refund_id.in_(refund_ids)).order_by(RefundPart.entitlement_id)
    for row in db.session().scalars(query):
        found[row.refund_id].append(row)
    return found


# What goes back --------------------------------------------------------------------------------------------------


def owns_anything(order_id: UUID) -> bool:
    """Tell whether the buyer of an order still owns something of it, or is owed it."""
    mine = (Entitlement.order_id == order_id, Entitlement.state != State.REVOKED)
    return db.session().scalar(select(Entitlement.id).where(*mine).limit(1)) is not None


def goods_before(order: Order) -> Money:
    """Return the price of what was taken back of an order before."""
    taken = select(func.coalesce(func.sum(Refund.amount + Refund.forgiven), 0)).where(Refund.order_id == order.id)
    return Money(int(db.session().scalar(taken) or 0), order.currency)


def prices(order_id: UUID, pieces: Mapping[UUID, tuple[UUID, int]]) -> dict[UUID, int]:
    """Return what each piece of an order cost its buyer, by what it is called; a piece is a part and a place in it."""
    shares = orders.list_shares(order_id)
    return {name: worth(*shares[part_id], slot) for name, (part_id, slot) in pieces.items()}


@dataclass(frozen=True)
class Foreseen:
    """What a refund would give back: in all, for each piece, and how many of those pieces their buyer has seen."""

    amount: Money
    pieces: Mapping[UUID, Money]
    seen: int


def foresee(order: Order, chosen: Sequence[Entitlement]) -> Foreseen:
    """Return what goes back when these entitlements are taken back; it changes nothing."""
    costs = prices(order.id, {item.id: (item.part_id, item.slot) for item in chosen})
    everything = {item.id for item in entitled.list_of_order(order.id) if item.state is not State.REVOKED}
    goods = goods_before(order) + Money(sum(costs.values()), order.currency)
    amount = order.kept if everything == set(costs) else due(goods, of=order.total, paid=order.paid) - order.refunded
    seen = sum(bool(item.reveals or item.used) for item in chosen)
    return Foreseen(amount, split(amount, costs) if costs else {}, seen)
