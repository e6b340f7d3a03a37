"""What can be done with the books: post, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert

from app.kit import db
from app.kit.ids import new_id
from app.kit.money import Money
from app.ledger.models import Entry, Transaction


class Unbalanced(RuntimeError):
    """A posting does not sum to zero in each currency: a bug, so the whole unit goes."""


@dataclass(frozen=True)
class Leg:
    """One account's share of a posting: debit positive, credit negative."""

    account: str
    amount: Money


@dataclass(frozen=True)
class Posting:
    """One balanced transaction about one subject; (kind, subject) is posted once."""

    kind: str
    subject_id: UUID
    at: datetime
    day: date
    legs: tuple[Leg, ...]


def post(postings: Sequence[Posting]) -> None:
    """Write balanced postings, two statements however many; raises Unbalanced before writing anything."""
    for posting in postings:
        _check(posting)
    if not postings:
        return
    merchant = db.merchant_id()
    numbered = [(new_id(), posting) for posting in postings]
    db.session().execute(
        insert(Transaction.__table__),  # type: ignore[arg-type]
        [
            {"merchant_id": merchant, "id": number, "kind": p.kind, "subject_id": p.subject_id, "at": p.at}
            for number, p in numbered
        ],
    )
    db.session().execute(
        insert(Entry.__table__),  # type: ignore[arg-type]
        [_entry(merchant, number, line, p, leg) for number, p in numbered for line, leg in enumerate(p.legs)],
    )


def _check(posting: Posting) -> None:
    sums: dict[str, int] = {}
    for leg in posting.legs:
        sums[leg.amount.currency] = sums.get(leg.amount.currency, 0) + leg.amount.minor
    if not posting.legs or any(sums.values()):
        raise Unbalanced(f"{posting.kind} of {posting.subject_id}: {sums}")


def _entry(merchant: int, number: UUID, line: int, posting: Posting, leg: Leg) -> dict[str, object]:
    return {
        "merchant_id": merchant,
        "tx_id": number,
        "line": line,
        "account": leg.account,
        "amount": leg.amount.minor,
        "currency": leg.amount.currency,
        "day": posting.day,
    }
