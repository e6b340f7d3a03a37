"""Serving the queue: codes that come into stock go to those who have paid and wait, the longest first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import case, literal, select, update

from app.catalog import queries as catalog
from app.entitlements.events import PromisesKept
from app.entitlements.models import Entitlement, State
from app.entitlements.service import closing, together
from app.entitlements.service.channels import channels
from app.inventory import service as inventory
from app.kit import clock, db, tasks
from app.kit.columns import Moment
from app.kit.events import EventRow, publish
from app.kit.ids import Id
from app.kit.inline import inline
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Fulfilment

AT_ONCE = 500
PRESALE = catalog.Source.PRESALE
RELEASE = "entitlements.release"
HOW_FAR = {  # is something owed, is something ready
    (False, True): Fulfilment.DONE,
    (False, False): Fulfilment.DONE,
    (True, True): Fulfilment.PARTIAL,
    (True, False): Fulfilment.QUEUED,
}


class Stocked(Protocol):
    """An event that tells which SKUs have free codes now."""

    at: datetime

    @property
    def skus(self) -> Sequence[UUID]: ...


def serve(stocked: Sequence[Stocked]) -> None:
    """Keep promises with codes that have just come, in the unit that brings them, so that nobody gets in between.

    A reaction: it never refuses; who is not served now waits on.
    """
    _serve({sku for event in stocked for sku in event.skus}, max(event.at for event in stocked))


def serve_stocked(stocked: Sequence[EventRow]) -> None:
    """Look once more after the commit: a promise made in that very moment was not seen by the unit that brought codes.

    Nor did the unit that promised see the codes; it has `serve_promised`, and whichever looks last sees both.
    """
    _serve({UUID(sku) for event in stocked for sku in event.data["skus"]}, clock.now())


def serve_promised(queued: Sequence[EventRow]) -> None:
    """Look once more after the commit for codes that came while these orders were told to wait."""
    waiting = select(Entitlement.sku_id).where(
        Entitlement.order_id.in_([event.subject_id for event in queued]), Entitlement.state == State.PROMISED
    )
    skus, now = set(db.session().scalars(waiting.distinct())), clock.now()
    if skus:
        wake_at_release(skus, now)
        _complete({event.subject_id for event in queued}, now)
    _serve(skus, now)


def wake_at_release(skus: Iterable[UUID], now: datetime) -> None:
    """Have what is not released yet served on its day."""
    releases = catalog.supply().releases
    for sku_id in sorted(set(skus) & set(releases)):
        if releases[sku_id][0] > now:
            tasks.wake(RELEASE, releases[sku_id][0], sku_id)


def serve_released(sku_id: UUID, *, now: datetime) -> None:
    """Serve those who bought a SKU before its release, who paid first before the others."""
    _serve([sku_id], now)
    inventory.recount([sku_id], now=now)


def _serve(skus: Iterable[UUID], now: datetime) -> None:
    for sku_id in sorted(skus):
        while _serve_some(sku_id, now) == AT_ONCE:
            pass


def _serve_some(sku_id: UUID, now: datetime) -> int:
    """Serve those who wait longest for a SKU, at most AT_ONCE codes, and return how many were served.

    Where it was sold before its release, new buyers wait for us, or we for them: see `inventory.presold`.
    """
    presold = inventory.lock_presold(sku_id) if sku_id in catalog.supply().releases else 0
    owed = _lock_owed(sku_id)
    if not owed:
        return 0
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    through, source = channels(owed), catalog.read_source(sku_id, now)
    wanted = [inventory.Owed(row.id, row.part_id, sku_id, source, through(row)) for row in owed]
    given = inventory.give(wanted, now=now, today=today)
    if presold:
        _count_served(sku_id, given)
    keep_promises(given, {row.id: row for row in owed}, now)
    return len(given)


def _count_served(sku_id: UUID, given: Sequence[inventory.Sold]) -> None:
    """Let what was served of a pre-sale be kept for nobody any more."""
    early = {part.id for part in orders.list_parts_by_id(sale.part_id for sale in given) if part.source is PRESALE}
    if served := sum(sale.part_id in early for sale in given):
        inventory.return_presold({sku_id: served})


def keep_promises(given: Sequence[inventory.Sold], of: Mapping[UUID, Any], now: datetime) -> None:
    """Let buyers have what has come for them: their entitlements, the cost of their parts, how far their orders are."""
    if not given:
        return
    lines = together.lines_together(orders.list_parts_by_id(sale.part_id for sale in given)) if _has_bundles() else {}
    alone = [sale for sale in given if sale.part_id not in lines]
    _mark_given(alone, now)
    if early := [sale for sale in given if sale.part_id in lines]:
        _mark_given(early, now, in_bundle=True)
        theirs = {of[sale.entitlement_id].order_id for sale in early}
        together.make_ready(set(lines.values()), theirs, now=now)
    cost: dict[UUID, int] = defaultdict(int)
    for sale in given:
        cost[sale.part_id] += sale.cost
    ordering.add_costs(cost)
    served = sorted({of[sale.entitlement_id].order_id for sale in given})
    _await_openings(served)
    ordering.mark_fulfilled(_fulfilment(served), now=now)
    _publish(served, given, of, now)


def _has_bundles() -> bool:
    return bool(catalog.supply().bundles)


def _complete(order_ids: Iterable[UUID], now: datetime) -> None:
    """Look once more whether bundles are whole whose parts came in the same moment from several hands."""
    if not _has_bundles():
        return
    parts = orders.list_parts(sorted(order_ids))
    lines = together.lines_together(parts)
    if lines:
        whose = {part.order_id for part in parts if part.id in lines}
        together.make_ready(set(lines.values()), whose, now=now)
        ordering.mark_fulfilled(_fulfilment(whose), now=now)


def open_due(*, now: datetime) -> datetime | None:
    """Hand over what was kept closed until now, some at a time; return when to look again."""
    opened, again = closing.open_some(now=now)
    for order_id in sorted(opened):
        ordering.lock(order_id)
    ordering.mark_fulfilled(_fulfilment(sorted(opened)), now=now)
    return again


def catch_up(order_id: UUID, *, now: datetime) -> None:
    """Look how far an order is after something of it was taken back: a bundle may be whole, and the order done."""
    _complete([order_id], now)
    ordering.mark_fulfilled(_fulfilment([order_id]), now=now)


def _lock_owed(sku_id: UUID) -> Sequence[Any]:
    """List promised entitlements, who waits longest first; touching them keeps a refund from taking them meanwhile."""
    e = Entitlement.__table__.c
    mine = (e.merchant_id == db.merchant_id(), e.sku_id == sku_id, e.state == State.PROMISED, ~together.IS_THERE)
    first = select(e.id).where(*mine).order_by(e.granted_at, e.id).limit(AT_ONCE)
    touched = update(Entitlement.__table__).where(*mine, e.id.in_(first)).values(state=State.PROMISED)  # type: ignore[arg-type]
    rows = db.session().execute(touched.returning(e.id, e.part_id, e.order_id, e.sku_id, e.granted_at)).all()
    return sorted(rows, key=lambda row: (row.granted_at, row.id))


def _await_openings(order_ids: Sequence[UUID]) -> None:
    """Let nobody open something of these orders meanwhile: else neither would see that they are whole now."""
    for order_id in order_ids if catalog.supply().delays else ():
        ordering.lock(order_id)


def _mark_given(given: Sequence[inventory.Sold], now: datetime, *, in_bundle: bool = False) -> None:
    """Let entitlements have their codes; what is kept closed, or waits for its bundle, is not ready by that."""
    if not given:
        return
    e = Entitlement.__table__.c
    kinds = {"id": Id(), "code_id": Id(), "shared_id": Id(), "tail": e.tail.type}
    new = inline("new", kinds, [(sale.entitlement_id, sale.code_id, sale.shared_id, sale.tail) for sale in given])
    statement = update(Entitlement.__table__).where(  # type: ignore[arg-type]
        e.merchant_id == db.merchant_id(), e.id == new.c.id, e.state == State.PROMISED
    )
    secret = {"code_id": new.c.code_id, "shared_id": new.c.shared_id, "tail": new.c.tail}
    states: dict[str, Any] = {"state": State.PROMISED, "ready_at": None}
    if not in_bundle:
        ready, promised = (literal(state, e.state.type) for state in (State.READY, State.PROMISED))
        is_open = closing.is_open(now)
        states = {"state": case((is_open, ready), else_=promised), "ready_at": case((is_open, literal(now, Moment)))}
    given_now = statement.values(**states, **secret).returning(e.opens_at)
    if closed := [moment for moment in db.session().scalars(given_now) if moment]:
        tasks.wake(closing.OPEN, min(closed))


def _fulfilment(order_ids: Iterable[UUID]) -> dict[UUID, Fulfilment]:
    e = Entitlement.__table__.c
    mine = (e.merchant_id == db.merchant_id(), e.order_id.in_(list(order_ids)), e.state != State.REVOKED)
    states = db.session().execute(select(e.order_id, e.state).where(*mine).group_by(e.order_id, e.state))
    found: dict[UUID, set[State]] = defaultdict(set)
    for order, state in states:
        found[order].add(state)
    return {order: HOW_FAR[State.PROMISED in found[order], State.READY in found[order]] for order in order_ids}


def _publish(orders: Sequence[UUID], given: Sequence[inventory.Sold], of: Mapping[UUID, Any], now: datetime) -> None:
    sales: dict[UUID, list[inventory.Sold]] = defaultdict(list)
    for sale in given:
        sales[of[sale.entitlement_id].order_id].append(sale)
    publish(
        *(
            PromisesKept(
                subject_id=order,
                order_id=order,
                first_id=sales[order][0].entitlement_id,
                count=len(sales[order]),
                cost=sum(sale.cost for sale in sales[order]),
                at=now,
            )
            for order in orders
        )
    )
