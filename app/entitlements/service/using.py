"""Using: what the area of redemption tells downwards, so that lists show it and nothing used is taken back silently."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from app.entitlements.models import Entitlement, State
from app.kit import db
from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.inline import MANY, among, arrays, given, inline, spread, unnested

ENTITLEMENT = Entitlement.__table__.c


class Used(NamedTuple):
    """An entitlement that is used so often just now (negative: a use is taken back), and at most so often in all."""

    entitlement_id: UUID
    uses: int
    most: int


KINDS: dict[str, TypeEngine[Any]] = {"entitlement_id": Id(), "uses": Integer(), "most": Integer()}


def mark_used(used: Sequence[Used], *, at: datetime | None) -> dict[UUID, str]:
    """Count uses of ready entitlements, each at most as often as it says.

    Returns those that were counted, each with the last letters of its code.
    `at` is None when uses are taken back. No entitlement may come twice.
    """
    if not used:
        return {}
    many = len(used) > MANY and not db.is_sqlite()
    binds: dict[str, Any] = {"merchant": db.merchant_id(), "at": at}
    if many:
        binds |= arrays("new", KINDS, used)
    else:
        binds |= spread("id", [one.entitlement_id for one in used]) | given("new", KINDS, used)
    return dict(db.session().execute(_marking(0 if many else len(used)), binds).all())


@lru_cache(maxsize=256)  # making a statement costs more than running it
def _marking(count: int) -> ReturningUpdate[Any]:
    """Return the statement for so many, or, for 0, for any number that comes as arrays."""
    new = inline("new", KINDS, [[None] * len(KINDS)] * count) if count else unnested("new", KINDS)
    after = ENTITLEMENT.used + new.c.uses
    return (
        update(Entitlement.__table__)  # type: ignore[arg-type]
        .where(
            ENTITLEMENT.merchant_id == bindparam("merchant"),
            *((among(ENTITLEMENT.id, "id", count),) if count else ()),
            ENTITLEMENT.id == new.c.entitlement_id,
            ENTITLEMENT.state == State.READY,
            after >= 0,
            after <= new.c.most,
        )
        .values(used=after, last_used_at=func.coalesce(bindparam("at", type_=Moment), ENTITLEMENT.last_used_at))
        .returning(ENTITLEMENT.id, ENTITLEMENT.tail)
    )
