"""Origins: what a tender that an exchanged piece met goes back to. Its *origins* are the payments that the piece
was paid by: never those of an exchange before it, so that of a chain of any length money goes back to real accounts
alone, and to each at most what came by it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from app.kit import db
from app.kit.money import Money, split
from app.payments.models import TenderOrigin

ORIGIN = TenderOrigin.__table__.c


@dataclass(frozen=True)
class Root:
    """Money that goes back for a tender, and the tender that it once came by; the same one unless it was exchanged."""

    tender_id: UUID
    money: Money


def set_origins(tender_id: UUID, shares: Mapping[UUID, Money]) -> None:
    """Write down by which tenders the piece was paid that met this one; all of that was taken from them before."""
    sums: dict[UUID, int] = defaultdict(int)
    for root in trace(shares):
        sums[root.tender_id] += root.money.minor
    own = {"merchant_id": db.merchant_id(), "tender_id": tender_id, "returned": 0}
    rows = [own | {"origin_id": origin, "amount": amount} for origin, amount in sorted(sums.items())]
    db.insert((TenderOrigin.__table__, rows))


def trace(shares: Mapping[UUID, Money]) -> list[Root]:
    """Return where the money came from that goes back for these tenders, and count it as gone from there."""
    of = _origins(shares)
    roots: list[Root] = []
    for tender_id in sorted(shares):
        mine, share = of.get(tender_id), shares[tender_id]
        if mine is None:
            roots.append(Root(tender_id, share))
            continue
        parts = split(share, {row.origin_id: row.amount - row.returned for row in mine})
        for origin_id, part in sorted(parts.items()):
            if part.minor:
                _count(tender_id, origin_id, part)
                roots.append(Root(origin_id, part))
    return roots


def _origins(shares: Mapping[UUID, Money]) -> dict[UUID, list[TenderOrigin]]:
    found: dict[UUID, list[TenderOrigin]] = defaultdict(list)
    query = select(TenderOrigin).where(TenderOrigin.tender_id.in_(list(shares)))
    for row in db.session().scalars(query.execution_options(populate_existing=True)):
        found[row.tender_id].append(row)
    return dict(found)


def _count(tender_id: UUID, origin_id: UUID, part: Money) -> None:
    mine = (
        ORIGIN.merchant_id == db.merchant_id(),
        ORIGIN.tender_id == tender_id,
        ORIGIN.origin_id == origin_id,
        ORIGIN.returned + part.minor <= ORIGIN.amount,
    )
    taking = update(TenderOrigin.__table__).where(*mine).values(returned=ORIGIN.returned + part.minor)  # type: ignore[arg-type]
    if db.changed(taking) != 1:
        raise RuntimeError(f"more goes back of tender {tender_id} than came by {origin_id}")
