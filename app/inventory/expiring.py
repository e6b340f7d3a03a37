"""Until when codes are good, for those who own them."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from app.inventory.models import Code, SharedCode
from app.kit import db

CODE, SHARED = Code.__table__.c, SharedCode.__table__.c


def expires_within(
    merchant_id: ColumnElement[int],
    code_id: ColumnElement[UUID],
    shared_id: ColumnElement[UUID],
    first: date | None,
    last: date,
) -> ColumnElement[bool]:
    """Return the condition that a code expires on one of these days; without a first one, on any day up to the last."""
    return or_(
        *(
            exists(
                select(code.id).where(
                    code.merchant_id == merchant_id,
                    code.id == number,
                    code.expires_on <= last,
                    *([code.expires_on >= first] if first else []),
                )
            )
            for code, number in ((CODE, code_id), (SHARED, shared_id))
        )
    )


def list_expiries(code_ids: Iterable[UUID | None]) -> dict[UUID, date]:
    """Return the last day of those of these codes, shared ones too, that have one."""
    ids = [number for number in code_ids if number]
    found: dict[UUID, date] = {}
    for code in (CODE, SHARED):
        mine = (code.merchant_id == db.merchant_id(), code.id.in_(ids), code.expires_on.is_not(None))
        found |= dict(db.session().execute(select(code.id, code.expires_on).where(*mine)).all()) if ids else {}
    return found
