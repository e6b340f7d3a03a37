"""Questions about entitlements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, func, select

from app.entitlements.events import CodeRevealed, SharedCodeRevealed
from app.entitlements.models import Chore as Chore
from app.entitlements.models import Entitlement as Entitlement
from app.entitlements.models import State as State
from app.inventory import queries as stock
from app.kit import db
from app.kit.events import EventRow
from app.kit.few import no_index
from app.kit.inline import MANY, among, is_in, spread
from app.merchants import queries as merchants


def list_of_order(order_id: UUID) -> Sequence[Entitlement]:
    """List what an order's buyer owns, in the order of its parts."""
    return _in_order(Entitlement.order_id == order_id)


def list_held(order_id: UUID, *, holder_id: UUID | None = None) -> Sequence[Entitlement]:
    """List what of an order is in one hand: its buyer's, or that of a gift."""
    return _in_order(Entitlement.order_id == order_id, in_hand(Entitlement, holder_id))


def _in_order(*mine: ColumnElement[bool]) -> Sequence[Entitlement]:
    """List few in the order of their parts, sorted here: told to, SQLite walked all of the shop's in that order."""
    found = db.session().scalars(select(Entitlement).where(*mine)).all()
    return sorted(found, key=lambda one: (one.part_id, one.slot))


def in_hand(entitlement: Any, holder_id: UUID | None) -> ColumnElement[bool]:
    """Return the condition that something is in this hand and no other; `entitlement` is the model or its columns."""
    held: ColumnElement[bool] = (
        entitlement.holder_id.is_(None) if holder_id is None else entitlement.holder_id == holder_id
    )
    return held


def list_seen(order_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these orders of which a code was looked at, used unseen, or given to somebody else."""
    touched = (Entitlement.reveals > 0) | (Entitlement.used > 0) | Entitlement.holder_id.is_not(None)
    query = select(Entitlement.order_id).where(Entitlement.order_id.in_(order_ids), touched).distinct()
    return set(db.session().scalars(query))


def asks_again(owned: Iterable[Entitlement], fresh_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether one of these is shown again only after a fresher proof than the one of `fresh_at`."""
    seen = any(item.reveals and item.state is State.READY for item in owned)
    return seen and not merchants.reveals().is_fresh(fresh_at, now=now)


def list_by_id(ids: Iterable[UUID]) -> dict[UUID, Entitlement]:
    """Return the entitlements with these ids."""
    query = select(Entitlement).where(Entitlement.id.in_(list(ids))).execution_options(populate_existing=True)
    return {row.id: row for row in db.session().scalars(query)}


def facts(ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return entitlements as plain rows, each with whether its code is `barred`."""
    asked = sorted(set(ids))
    if not asked:
        return {}
    count = 0 if len(asked) > MANY and not db.is_sqlite() else len(asked)
    binds = {"merchant": db.merchant_id()} | (spread("id", asked) if count else {"id": asked})
    return {row.id: row for row in db.session().execute(_facts(count), binds)}


@lru_cache(maxsize=256)  # making a statement costs more than running it
def _facts(count: int) -> Select[Any]:
    """Return the question about so many, or, for 0, about any number that comes as an array."""
    e = Entitlement.__table__.c
    mine = among(e.id, "id", count) if count else is_in(e.id, "id")
    barred = stock.is_barred(e.merchant_id, e.code_id) | stock.is_shared_frozen(e.merchant_id, e.shared_id)
    return select(Entitlement.__table__, barred.label("barred")).where(e.merchant_id == bindparam("merchant"), mine)


def is_share_barred(merchant_id: ColumnElement[int], number: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that an entitlement is a share in a code that is frozen."""
    e = Entitlement.__table__.c
    own = (e.merchant_id == merchant_id, e.id == number, e.shared_id.is_not(None))
    return exists(select(e.id).where(*own, stock.is_shared_frozen(e.merchant_id, e.shared_id)))


def tails(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the last letters of the codes of entitlements."""
    asked = sorted(set(ids))
    binds = {"merchant": db.merchant_id()} | spread("id", asked)
    return dict(db.session().execute(_tails(len(asked)), binds).all()) if asked else {}


@lru_cache(maxsize=64)  # making a statement costs more than running it
def _tails(count: int) -> Select[Any]:
    e = Entitlement.__table__.c
    return select(e.id, e.tail).where(e.merchant_id == bindparam("merchant"), among(e.id, "id", count))


def list_of_orders(order_ids: Sequence[UUID], sku_ids: Iterable[UUID], *, state: State) -> Sequence[Entitlement]:
    """List what the buyers of orders own of some SKUs in a state."""
    mine = (Entitlement.order_id.in_(order_ids), Entitlement.sku_id.in_(list(sku_ids)), Entitlement.state == state)
    return db.session().scalars(select(Entitlement).where(*mine).order_by(no_index(Entitlement.id))).all()


def opens_at(order_id: UUID) -> datetime | None:
    """Return when the last of what is kept closed of an order opens, or None."""
    mine = (Entitlement.order_id == order_id, Entitlement.state == State.PROMISED)
    return db.session().scalar(select(func.max(Entitlement.opens_at)).where(*mine))


def list_closed(order_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of these orders of which nothing is missing, and something opens later."""
    mine = (Entitlement.order_id.in_(list(order_ids)), Entitlement.state == State.PROMISED)
    there = Entitlement.code_id.is_not(None) | Entitlement.shared_id.is_not(None)
    late = func.max(case((Entitlement.opens_at.is_not(None) & there, 1), else_=0))
    missing = func.max(case((there, 0), else_=1))
    query = select(Entitlement.order_id).where(*mine).group_by(Entitlement.order_id)
    return set(db.session().scalars(query.having(late == 1, missing == 0)))


WAITS = ("stock", "staff", "release")  # for what a paid order waits: for codes, for people, for a day


@dataclass(frozen=True)
class Waiting:
    """Pieces of one SKU that an order waits for."""

    order_id: UUID
    sku_id: UUID
    since: datetime
    count: int


def _waits_for(what: str, unreleased: Iterable[UUID]) -> ColumnElement[bool]:
    """Return the condition that something promised is not there and waits for this."""
    e, c = Entitlement.__table__.c, Chore.__table__.c
    by_hand = exists().where(c.merchant_id == e.merchant_id, c.entitlement_id == e.id, c.done_at.is_(None))
    early = e.sku_id.in_(list(unreleased))
    missing = (e.state == State.PROMISED) & e.code_id.is_(None) & e.shared_id.is_(None)
    return missing & {"stock": ~by_hand & ~early, "staff": by_hand, "release": ~by_hand & early}[what]


def count_waiting(*, unreleased: Iterable[UUID], sku_id: UUID | None = None) -> dict[str, int]:
    """Count the pieces that paid orders wait for, by what they wait for."""
    skus = list(unreleased)
    counts = [func.count(case((_waits_for(what, skus), 1))) for what in WAITS]
    query = select(*counts).where(Entitlement.state == State.PROMISED)
    row = db.session().execute(query if sku_id is None else query.where(Entitlement.sku_id == sku_id)).one()
    return dict(zip(WAITS, row, strict=True))


def list_waiting(what: str, *, unreleased: Iterable[UUID], sku_id: UUID | None = None, limit: int) -> list[Waiting]:
    """List who has paid and waits for one of WAITS, in the order in which they are served."""
    query = select(Entitlement.order_id, Entitlement.sku_id, Entitlement.granted_at, func.count())
    query = query.where(Entitlement.state == State.PROMISED, _waits_for(what, unreleased))
    if sku_id is not None:
        query = query.where(Entitlement.sku_id == sku_id)
    query = query.group_by(Entitlement.order_id, Entitlement.sku_id, Entitlement.granted_at)
    return [
        Waiting(*row)
        for row in db.session().execute(query.order_by(Entitlement.granted_at, Entitlement.order_id).limit(limit))
    ]


def list_chores(*, limit: int) -> Sequence[Chore]:
    """List what is to be delivered by hand, who waits longest first."""
    query = select(Chore).where(Chore.done_at.is_(None)).order_by(Chore.asked_at, Chore.entitlement_id).limit(limit)
    return db.session().scalars(query).all()


def get_chore(entitlement_id: UUID | None) -> Chore:
    """Return a chore of the shop, or refuse with NotFound."""
    return db.get(Chore, entitlement_id)


def waits_for_people(order_id: UUID) -> bool:
    """Tell whether something of an order is to be delivered by hand."""
    query = select(Chore.entitlement_id).where(Chore.order_id == order_id, Chore.done_at.is_(None)).limit(1)
    return db.session().scalar(query) is not None


def count_owed() -> int:
    """Count the codes that are paid for and not there yet."""
    query = select(func.count()).select_from(Entitlement).where(Entitlement.state == State.PROMISED)
    return db.session().scalar(query) or 0


@dataclass(frozen=True)
class Look:
    """One look at the codes of an order: when, why it was allowed, and from where."""

    at: datetime
    proof: str
    actor_id: UUID | None
    network: str
    agent: str


def list_looks(owned: Sequence[Entitlement], *, limit: int = 20) -> list[Look]:
    """List the latest looks at what a buyer owns; one look opens all, so the code seen most often knows of each."""
    seen = max(owned, key=lambda item: item.reveals, default=None)
    if seen is None or not seen.reveals:
        return []
    kind = SharedCodeRevealed if seen.shared_id else CodeRevealed
    about = (EventRow.subject_type == kind.subject_type, EventRow.subject_id == (seen.shared_id or seen.code_id))
    query = select(EventRow).where(*about, EventRow.name == kind.name, EventRow.order_id == seen.order_id)
    rows = db.session().scalars(query.order_by(no_index(EventRow.id).desc()).limit(limit))
    return [Look(row.at, row.data["proof"], row.actor_id, row.data["network"], row.data["agent"]) for row in rows]
