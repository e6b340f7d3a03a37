"""Questions about the bills of payment channels: which there are, what their lines say, and what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from app.finance.models import OPEN, Bill, BillLine, LineKind, Outcome
from app.kit import db
from app.kit.errors import words
from app.kit.ids import from_public
from app.kit.listing import Column, Listing, Word
from app.kit.money import Money

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.MATCHED: words("Agrees"),
    Outcome.OURS_ONLY: words("Only in our records"),
    Outcome.THEIRS_ONLY: words("Only in the bill"),
    Outcome.AMOUNT_DIFFERS: words("The amount differs"),
    Outcome.FEE_DIFFERS: words("The fee differed, corrected"),
    Outcome.OTHER: words("Not our payment"),
}
KINDS: Mapping[LineKind, str] = {
    LineKind.PAYMENT: words("Payment"),
    LineKind.REFUND: words("Refund"),
    LineKind.OTHER: words("Other"),
}


def _state(line: BillLine) -> Word:
    return Word(words("Explained") if line.explained_at else OUTCOMES[line.outcome])


COLUMNS: tuple[Column, ...] = (
    Column("at", words("Time"), lambda row, about: row.at),
    Column("kind", words("Kind"), lambda row, about: Word(KINDS[row.kind])),
    Column("trade_no", words("Number of the channel"), lambda row, about: row.trade_no),
    Column("number", words("Our number"), lambda row, about: row.number),
    Column("amount", words("Amount"), lambda row, about: row.money),
    Column("fee", words("Fee"), lambda row, about: row.charge),
    Column("outcome", words("Result"), lambda row, about: _state(row)),
    Column("note", words("Note"), lambda row, about: row.note),
)
BILL_LINES = Listing(
    query=lambda: select(BillLine),
    keys=(BillLine.id,),
    filters={
        "bill": lambda query, text: query.where(BillLine.bill_id == from_public("bil", text)),
        "outcome": lambda query, text: query.where(BillLine.outcome == _outcome(text)),
        "open": lambda query, _: query.where(BillLine.outcome.in_(OPEN), BillLine.explained_at.is_(None)),
    },
    name="bill_lines",
    columns=COLUMNS,
)


def _outcome(text: str) -> Outcome | None:
    return Outcome[text.upper()] if text.upper() in Outcome.__members__ else None


@dataclass(frozen=True)
class Total:
    """What the lines of a bill with one result come to."""

    outcome: Outcome
    lines: int
    open: int
    paid: Money
    refunded: Money
    fees: Money


def list_bills(*, limit: int) -> Sequence[tuple[Bill, int]]:
    """List the newest bills, each with how many differences are open."""
    bills = db.session().scalars(select(Bill).order_by(Bill.day.desc(), Bill.id.desc()).limit(limit)).all()
    query = select(BillLine.bill_id, func.count()).where(
        BillLine.bill_id.in_([bill.id for bill in bills]),
        BillLine.outcome.in_(OPEN),
        BillLine.explained_at.is_(None),
    )
    rows = db.session().execute(query.group_by(BillLine.bill_id)).all()
    left = {row[0]: row[1] for row in rows}
    return [(bill, left.get(bill.id, 0)) for bill in bills]


def get_bill(number: UUID | None) -> Bill:
    """Return one bill, or refuse with NotFound."""
    return db.get(Bill, number)


def get_line(number: UUID | None) -> BillLine:
    """Return one line of a bill, or refuse with NotFound."""
    return db.get(BillLine, number)


def list_totals(bill_id: UUID, currency: str) -> list[Total]:
    """Return what the lines of a bill come to, by result; lines in another currency count as lines alone."""
    b = BillLine.__table__.c
    query = (
        select(
            b.outcome, b.kind, b.currency, func.count(), func.sum(b.amount), func.sum(b.fee), func.count(b.explained_at)
        )
        .where(b.merchant_id == db.merchant_id(), b.bill_id == bill_id)
        .group_by(b.outcome, b.kind, b.currency)
    )
    nothing = Money(0, currency)
    sums: dict[Outcome, Total] = {}
    for outcome, kind, coin, count, amount, fees, explained in db.session().execute(query):
        known = sums.get(outcome) or Total(outcome, 0, 0, nothing, nothing, nothing)
        same = coin == currency
        moved = Money(int(amount), currency) if same else nothing
        sums[outcome] = Total(
            outcome,
            known.lines + count,
            known.open + (count - explained if outcome in OPEN else 0),
            known.paid + moved if kind is LineKind.PAYMENT else known.paid,
            known.refunded + moved if kind is LineKind.REFUND else known.refunded,
            known.fees + (Money(int(fees or 0), currency) if same else nothing),
        )
    return [sums[outcome] for outcome in Outcome if outcome in sums]
