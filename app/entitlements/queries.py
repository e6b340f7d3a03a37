"""Questions about entitlements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.entitlements.events import CodeRevealed
from app.entitlements.models import Entitlement as Entitlement
from app.entitlements.models import State as State
from app.kit import db
from app.kit.events import EventRow


def list_of_order(order_id: UUID) -> Sequence[Entitlement]:
    """List what an order's buyer owns, in the order of its parts."""
    query = select(Entitlement).where(Entitlement.order_id == order_id).order_by(Entitlement.part_id, Entitlement.slot)
    return db.session().scalars(query).all()


def list_seen(order_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these orders of which a code was looked at."""
    query = select(Entitlement.order_id).where(Entitlement.order_id.in_(order_ids), Entitlement.reveals > 0).distinct()
    return set(db.session().scalars(query))


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
    about = (EventRow.subject_type == CodeRevealed.subject_type, EventRow.subject_id == seen.code_id)
    query = select(EventRow).where(*about, EventRow.name == CodeRevealed.name, EventRow.order_id == seen.order_id)
    rows = db.session().scalars(query.order_by(EventRow.id.desc()).limit(limit))
    return [Look(row.at, row.data["proof"], row.actor_id, row.data["network"], row.data["agent"]) for row in rows]
