"""What can be done with the books: post, and roll up the days that are over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, literal, select

from app.kit import clock, db
from app.kit.ids import new_id
from app.kit.money import Money
from app.ledger import queries
from app.ledger.models import Balance, Entry, Transaction
from app.ledger.rules import open_since, settled_before


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
    """Write balanced postings, two statements however many; raises Unbalanced before writing anything.

    A closed day takes nothing any more: what comes later than that counts under the oldest open day.
    """
    for posting in postings:
        _check(posting)
    if not postings:
        return
    merchant, oldest = db.merchant_id(), open_since(clock.now())
    numbered = [(new_id(), posting) for posting in postings]
    transactions = [
        {"merchant_id": merchant, "id": number, "kind": p.kind, "subject_id": p.subject_id, "at": p.at}
        for number, p in numbered
    ]
    entries = [
        {"merchant_id": merchant, "tx_id": number, "line": line, "day": max(p.day, oldest)} | _leg(leg)
        for number, p in numbered
        for line, leg in enumerate(p.legs)
    ]
    db.insert_last((Transaction.__table__, transactions), (Entry.__table__, entries))


def _check(posting: Posting) -> None:
    sums: dict[str, int] = {}
    for leg in posting.legs:
        sums[leg.amount.currency] = sums.get(leg.amount.currency, 0) + leg.amount.minor
    if len(posting.legs) < 2 or any(sums.values()):
        raise Unbalanced(f"{posting.kind} of {posting.subject_id}: {sums}")


def _leg(leg: Leg) -> dict[str, object]:
    return {"account": leg.account, "amount": leg.amount.minor, "currency": leg.amount.currency}


# Rolling up ------------------------------------------------------------------------------------------------------


def roll(*, now: datetime) -> date | None:
    """Sum up the next day that is over and return it, or None when all such days are rolled up already.

    One day in one statement, oldest first: so the newest rolled day tells how far the books are rolled up.
    """
    day = queries.next_day(after=queries.rolled_through())
    if day is None or day >= settled_before(now):
        return None
    e = Entry.__table__.c
    sums = (
        select(literal(db.merchant_id()), e.account, e.currency, e.day, func.sum(e.amount), func.count())
        .where(e.merchant_id == db.merchant_id(), e.account.in_(queries.list_accounts()), e.day == day)
        .group_by(e.account, e.currency, e.day)
    )
    statement = db.insert_or(Balance).from_select(
        ["merchant_id", "account", "currency", "day", "amount", "entries"], sums
    )
    db.session().execute(statement.on_conflict_do_nothing())  # another worker may have come first, to the same sums
    return day
