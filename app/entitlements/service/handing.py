"""Handing: what somebody owns goes into another hand, and out of sight of the one it was in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.entitlements.errors import NotInHand
from app.entitlements.models import Entitlement, State
from app.entitlements.queries import in_hand
from app.kit import db

E = Entitlement.__table__.c


def hand(
    entitlement_id: UUID, *, giver_id: UUID | None, holder_id: UUID | None, unseen: bool = False
) -> datetime | None:
    """Move something ready and unused from one hand to another, and return when it was first looked at, if it was.

    None is the hand of its buyer. Each look asks for the hand in the same statement that counts it, so of a look and a
    move at once one comes first, and whoever gave it away sees nothing from then on. Refuses with NotInHand; `unseen`
    refuses likewise what somebody has looked at.
    """
    new = (E.reveals == 0,) if unseen else ()
    moving = update(Entitlement.__table__).where(*_fresh(entitlement_id, giver_id), *new)  # type: ignore[arg-type]
    row = db.session().execute(moving.values(holder_id=holder_id).returning(E.first_revealed_at)).first()
    if row is None:
        raise NotInHand
    seen_at: datetime | None = row.first_revealed_at
    return seen_at


def keep_in_hand(entitlement_id: UUID, *, holder_id: UUID | None) -> bool:
    """Tell whether something ready is in this hand, and let nobody move or take it until the unit ends."""
    mine = (E.merchant_id == db.merchant_id(), E.id == entitlement_id, in_hand(E, holder_id), E.state == State.READY)
    touch = update(Entitlement.__table__).where(*mine).values(holder_id=holder_id)  # type: ignore[arg-type]
    return db.changed(touch) == 1


def _fresh(entitlement_id: UUID, holder_id: UUID | None) -> tuple[object, ...]:
    mine = (E.merchant_id == db.merchant_id(), E.id == entitlement_id, in_hand(E, holder_id))
    return (*mine, E.state == State.READY, E.used == 0)
