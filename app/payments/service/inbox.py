"""The inbox: what gateways told us, as rows, each of a trade number once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from app.kit import crypto, db
from app.kit.ids import from_base32, new_id
from app.payments.models import Notice, NoticeState
from app.payments.providers import Forged, Hint, Told

RUSH = 4  # payments told of at once; of more each gateway would wait too long until all count (decision 0031)


@dataclass(frozen=True)
class Arrived:
    """A notice as it came in: what it says, or why it is not believed."""

    method_id: UUID
    said: Told | Hint | Forged
    body: str
    at: datetime
    confirms: bool = False  # only the gateway's own word counts, which is asked for

    @property
    def is_authentic(self) -> bool:
        return not isinstance(self.said, Forged)

    @property
    def pays(self) -> bool:
        return isinstance(self.said, Told) and not self.confirms


def is_rush(arrived: Sequence[Arrived]) -> bool:
    """Tell whether so many payments are told of at once that notices are to be kept first, and to count after that."""
    return len({said.trade for notice in arrived if not isinstance(said := notice.said, Forged)}) > RUSH


def row_of(notice: Arrived) -> dict[str, Any]:
    """Return a notice as it is kept."""
    told = notice.said if isinstance(notice.said, Told) else None
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "method_id": notice.method_id,
        "trade_no": told.trade_no[:128] if told else None,
        "tender_id": (from_base32(told.trade) or UUID(int=0)) if told else None,
        "amount": told.paid.minor if told else None,
        "currency": told.paid.currency if told else "",
        "state": NoticeState.APPLIED,
        "reason": "",
        "body": notice.body,
        "at": notice.at,
        "reported_no": told.trade_no[:128] if told else "",
        "cleared_at": None,
        "detail": told.detail[:64] if told else "",
        "payer_index": crypto.fingerprint_key("payer").fingerprint(told.payer) if told and told.payer else None,
        "fee": told.fee if told else None,
    }


NEW = {
    name: dialect.insert(Notice.__table__)
    .on_conflict_do_nothing(index_elements=["merchant_id", "method_id", "trade_no"])
    .returning(Notice.__table__.c.id)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


def new_ones(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Store authentic notices; the unique trade number keeps out those that came before.

    In the order of their numbers, so that two who store the same ones never wait for each other.
    """
    if not rows:
        return []
    rows = sorted(rows, key=lambda row: (row["method_id"], row["trade_no"]))
    statement = NEW["sqlite" if db.is_sqlite() else "postgresql"]
    stored = set(db.session().scalars(statement, rows[0] if len(rows) == 1 else list(rows)))
    return [row for row in rows if row["id"] in stored]
