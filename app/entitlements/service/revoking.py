"""Revoking: what was given is taken back, and its codes go where the shop wants them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from app.catalog.queries import Source
from app.entitlements.errors import CodesGiven, CodesSeen, CodesUsed, TakenBackBefore
from app.entitlements.models import Entitlement, State
from app.entitlements.service import chores
from app.inventory import service as inventory
from app.inventory.events import CodesPutBack
from app.kit import db
from app.kit.errors import NotFound
from app.kit.events import By
from app.merchants import queries as merchants
from app.merchants.queries import Returned
from app.orders import queries as orders

E = Entitlement.__table__.c
OWNED = (State.PROMISED, State.READY)


@dataclass(frozen=True)
class TakenBack:
    """An entitlement that was taken back just now, and what its code had cost us (minor units)."""

    entitlement_id: UUID
    part_id: UUID
    slot: int
    cost: int
    seen: bool


@dataclass(frozen=True)
class Revoking:
    """Which entitlements of an order are taken back, and why; without `only`, all that its buyer still owns."""

    order_id: UUID
    reason: str
    only: Collection[UUID] | None = None
    even_seen: bool = False


def revoke(what: Revoking, *, now: datetime, by: By) -> list[TakenBack]:
    """Take back what an order's buyer owns, and set the codes aside: unseen ones go where the shop wants them.

    A code that its buyer knew or used is never sold again. Refuses with CodesSeen, CodesGiven or CodesUsed unless those
    are meant too, with TakenBackBefore, and with NotFound for what is not of this order; nothing changes then.
    """
    mine = (E.merchant_id == db.merchant_id(), E.order_id == what.order_id)
    which = mine if what.only is None else (*mine, E.id.in_(list(what.only)))
    unseen = () if what.even_seen else (E.reveals == 0, E.used == 0, E.holder_id.is_(None))
    statement = update(Entitlement.__table__).where(*which, E.state.in_(OWNED), *unseen)  # type: ignore[arg-type]
    told = (E.id, E.code_id, E.shared_id, E.part_id, E.sku_id, E.slot, E.reveals, E.used)
    revoked = db.session().execute(statement.values(state=State.REVOKED).returning(*told)).all()
    _check(what, which, {row.id for row in revoked})
    costs = _take_codes(what, revoked, now, by) | _take_uses(what.order_id, revoked, now, by)
    _give_up(what.order_id, revoked, now)
    return [TakenBack(row.id, row.part_id, row.slot, costs.get(row.id, 0), _is_seen(row)) for row in revoked]


def _check(what: Revoking, which: Sequence[Any], revoked: set[UUID]) -> None:
    """Refuse when something was not taken back that was meant to be."""
    rows = db.session().execute(select(E.id, E.state, E.used, E.holder_id).where(*which)).all()
    if what.only is None:
        kept = [row for row in rows if row.state is not State.REVOKED]
    elif len(rows) < len(set(what.only)):
        raise NotFound
    else:
        kept = [row for row in rows if row.id not in revoked]
    if any(row.state is State.REVOKED for row in kept):
        raise TakenBackBefore
    if kept:
        given = any(row.holder_id for row in kept)
        raise CodesUsed if any(row.used for row in kept) else CodesGiven if given else CodesSeen


def _is_seen(row: Any) -> bool:
    return bool(row.reveals or row.used)


def _take_codes(what: Revoking, revoked: Sequence[Any], now: datetime, by: By) -> dict[UUID, int]:
    """Set codes aside, and then where they belong; returns what each had cost."""
    seen = {row.id for row in revoked if _is_seen(row)}
    ids = [row.id for row in revoked if row.code_id]
    about: dict[str, Any] = {"now": now, "by": by, "order_id": what.order_id}
    aside = inventory.quarantine(ids, reason=what.reason, **about)
    known = [code for code in aside if code.entitlement_id in seen]
    fresh = [code for code in aside if code.entitlement_id not in seen]
    returned = merchants.get_current().returned
    gone = known + (fresh if returned is Returned.VOID else [])
    if gone:
        inventory.write_off(gone, reason=what.reason, **about)
    if fresh and returned is Returned.STOCK:
        _let_go(E.id.in_([code.entitlement_id for code in fresh]))
        inventory.restock(fresh, reason=what.reason, **about)
    return {code.entitlement_id: code.cost for code in aside}


def let_go(put_back: Sequence[CodesPutBack]) -> None:
    """Forget who had codes that staff let be sold again."""
    for event in put_back:
        _let_go(E.code_id.in_(event.code_ids))


def _let_go(which: ColumnElement[bool]) -> None:
    """Forget which codes these had, since somebody else may get them now."""
    theirs = (E.merchant_id == db.merchant_id(), E.state == State.REVOKED, which)
    db.changed(update(Entitlement.__table__).where(*theirs).values(code_id=None))  # type: ignore[arg-type]


def _take_uses(order_id: UUID, revoked: Sequence[Any], now: datetime, by: By) -> dict[UUID, int]:
    """Let uses of shared codes be sold again that their buyers never saw; returns what each had cost."""
    shared = [row for row in revoked if row.shared_id]
    if not shared:
        return {}
    price = inventory.costs_of_uses({row.shared_id for row in shared})
    inventory.return_uses([row.shared_id for row in shared if not _is_seen(row)], now=now)
    inventory.lose_uses((price[row.shared_id] for row in shared if _is_seen(row)), now=now, by=by, order_id=order_id)
    return {row.id: price[row.shared_id] for row in shared}


def _give_up(order_id: UUID, revoked: Sequence[Any], now: datetime) -> None:
    """Let what was no code of its own go back where it came from: pieces of a pre-sale, chores."""
    sources = {part.id: part.source for part in orders.list_parts([order_id])}
    promised = [row for row in revoked if row.code_id is None and row.shared_id is None]
    if by_hand := [row.id for row in promised if sources[row.part_id] in chores.BY_HAND]:
        chores.drop(by_hand, now=now)
    inventory.return_presold(Counter(row.sku_id for row in promised if sources[row.part_id] is Source.PRESALE))
