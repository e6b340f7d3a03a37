"""What the owner of codes may know of them without seeing them: until when they are good, whether they are frozen."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, union_all

from app.inventory.models import Code, SharedCode
from app.kit import db

CODE, SHARED = Code.__table__.c, SharedCode.__table__.c


class Known(NamedTuple):
    """What a code tells its owner while it is masked."""

    expires_on: date | None
    frozen: bool


def list_known(ids: Collection[UUID]) -> dict[UUID, Known]:
    """Return what is known of codes, shared ones among them, by id."""
    asked, merchant = sorted(set(ids)), db.merchant_id()
    if not asked:
        return {}
    queries = (
        select(c.id, c.expires_on, c.frozen).where(c.merchant_id == merchant, c.id.in_(asked)) for c in (CODE, SHARED)
    )
    return {row.id: Known(row.expires_on, row.frozen) for row in db.session().execute(union_all(*queries))}
