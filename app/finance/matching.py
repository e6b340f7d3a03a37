"""Matching: each line of a bill finds what we know of it, and fees in the books follow what the bill says, once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, or_, select, update

from app.finance.events import FeeBilled
from app.finance.models import Bill, BillLine, LineKind, Outcome
from app.finance.shapes import Shape, Told
from app.kit import db
from app.kit.events import publish
from app.kit.ids import from_base32, new_id
from app.orders import queries as orders
from app.payments.queries import Notice, NoticeState, Payback, PaybackState

LINE = BillLine.__table__.c
KEY = ["merchant_id", "method_id", "ref"]
OURS = "ours:"
FIRST = (NoticeState.APPLIED, NoticeState.SURPLUS, NoticeState.REFUSED)


def keep(bill: Bill, told: Iterable[Told], shape: Shape, *, now: datetime) -> None:
    """Keep lines with what became of them, each once however often a bill is loaded; what somebody explained stays."""
    lines = {line.ref: line for line in told}
    if not lines:
        return
    found = _Found(bill.method_id, list(lines.values()), by_number=shape.by_number)
    rows = [_row(bill, line) | found.verdict(line) for line in lines.values()]
    put = db.insert_or(BillLine)
    again = case(
        (LINE.corrected.is_not(None) & (put.excluded.outcome == Outcome.MATCHED), LINE.outcome),
        else_=put.excluded.outcome,
    )
    put = put.on_conflict_do_update(
        index_elements=KEY,
        set_={"outcome": again, "subject_id": put.excluded.subject_id},
        where=LINE.explained_at.is_(None),
    )
    db.session().execute(put, rows)
    _drop_ours(bill.method_id, [row["subject_id"] for row in rows if row["subject_id"]])
    _correct(bill.method_id, [row for row in rows if row["outcome"] is Outcome.MATCHED], found, now)


def _row(bill: Bill, told: Told) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "bill_id": bill.id,
        "method_id": bill.method_id,
        "ref": told.ref,
        "kind": told.kind,
        "trade_no": told.trade_no[:128],
        "number": told.number[:128],
        "amount": told.amount,
        "currency": told.currency,
        "fee": told.fee,
        "at": told.at,
        "corrected": None,
        "explained_at": None,
        "note": "",
    }


class _Found:
    """What we know of the payments and refunds that some lines speak of."""

    def __init__(self, method_id: UUID, lines: Sequence[Told], *, by_number: bool) -> None:
        paid = [line for line in lines if line.kind is LineKind.PAYMENT]
        back = [line for line in lines if line.kind is LineKind.REFUND]
        numbers = [number for line in paid if by_number and (number := _number(line)) is not None]
        self.notices = _notices(method_id, [line.trade_no for line in paid], numbers)
        self.by_number = by_number
        self.paybacks = _paybacks(method_id, back)

    def notice(self, line: Told) -> Notice | None:
        return self.notices.get(line.trade_no) or (self.notices.get(_number(line)) if self.by_number else None)

    def payback(self, line: Told) -> Payback | None:
        return self.paybacks.get(_number(line)) or self.paybacks.get((line.trade_no, line.amount))

    def verdict(self, line: Told) -> dict[str, Any]:
        """Return how a line agrees with what we know, and what that is."""
        if line.kind is LineKind.OTHER:
            return {"outcome": Outcome.OTHER, "subject_id": None}
        known = self.notice(line) if line.kind is LineKind.PAYMENT else self.payback(line)
        if known is None:
            return {"outcome": Outcome.THEIRS_ONLY, "subject_id": None}
        if (known.amount, known.currency) != (line.amount, line.currency):
            return {"outcome": Outcome.AMOUNT_DIFFERS, "subject_id": known.id}
        agrees = isinstance(known, Notice) or known.state is PaybackState.DONE
        return {"outcome": Outcome.MATCHED if agrees else Outcome.THEIRS_ONLY, "subject_id": known.id}


def _number(line: Told) -> UUID | None:
    """Return what of ours a line names; some gateways add a letter of theirs."""
    return from_base32(line.number.partition("-")[0]) if line.number else None


def _notices(method_id: UUID, trades: Sequence[str], tenders: Sequence[UUID]) -> dict[Any, Notice]:
    """Return what told us of payments, by the gateway's number, and by our own for those that counted."""
    counts = Notice.tender_id.in_(tenders) & (Notice.state == NoticeState.APPLIED)
    real = Notice.state.in_(FIRST) & Notice.amount.is_not(None)
    query = select(Notice).where(Notice.method_id == method_id, real, or_(Notice.reported_no.in_(trades), counts))
    found: dict[Any, Notice] = {}
    for notice in sorted(db.session().scalars(query), key=lambda row: (FIRST.index(row.state), row.id)):
        found.setdefault(notice.reported_no, notice)
        if notice.state is NoticeState.APPLIED:
            found.setdefault(notice.tender_id, notice)
    return found


def _paybacks(method_id: UUID, back: Sequence[Told]) -> dict[Any, Payback]:
    """Return what went back, by our number, and by trade and amount where the line does not tell ours."""
    named = [number for line in back if (number := _number(line)) is not None]
    trades = [line.trade_no for line in back if _number(line) is None]
    which = or_(Payback.id.in_(named), Payback.trade_no.in_(trades))
    found: dict[Any, Payback] = {}
    for payback in db.session().scalars(select(Payback).where(Payback.method_id == method_id, which)):
        found[payback.id] = payback
        found.setdefault((payback.trade_no, payback.amount), payback)
    return found


# Fees ------------------------------------------------------------------------------------------------------------


def _correct(method_id: UUID, rows: Sequence[dict[str, Any]], found: _Found, now: datetime) -> None:
    """Post by how much the fees of matched lines differ from the books; a line does so once."""
    telling = {row["ref"]: row for row in rows if row["fee"] is not None}
    if not telling:
        return
    booked = _booked([row["subject_id"] for row in telling.values()], found)
    query = select(BillLine.id, BillLine.ref).where(
        BillLine.method_id == method_id, BillLine.ref.in_(telling), BillLine.corrected.is_(None)
    )
    for number, ref in db.session().execute(query).all():
        row = telling[ref]
        more = row["fee"] - booked.get(row["subject_id"], 0)
        if more:
            _correct_line(number, row, more, now)


def _correct_line(number: UUID, row: Mapping[str, Any], more: int, now: datetime) -> None:
    outcome = Outcome.FEE_DIFFERS if row["kind"] is LineKind.PAYMENT else Outcome.MATCHED
    mine = (LINE.merchant_id == db.merchant_id(), LINE.id == number, LINE.corrected.is_(None))
    changing = update(BillLine.__table__).where(*mine)  # type: ignore[arg-type]
    if db.changed(changing.values(corrected=more, outcome=outcome)):
        publish(FeeBilled(subject_id=number, more=more, currency=row["currency"], at=now))


def _booked(subjects: Sequence[UUID], found: _Found) -> dict[UUID, int]:
    """Return what the books hold of the fees of payments and paybacks: reckoned or told, and corrected since."""
    notices = {notice.id: notice for notice in found.notices.values()}
    kept = {number: tender.kept for number, tender in orders.list_tenders(_tenders(notices.values())).items()}
    booked = {number: _known(notice, kept) for number, notice in notices.items()}
    sums = select(BillLine.subject_id, func.sum(BillLine.corrected)).where(BillLine.subject_id.in_(subjects))
    for subject, more in db.session().execute(sums.group_by(BillLine.subject_id)):
        assert subject is not None  # asked for by their ids
        booked[subject] = booked.get(subject, 0) + int(more or 0)
    return booked


def _tenders(notices: Iterable[Notice]) -> list[UUID]:
    return [notice.tender_id for notice in notices if notice.tender_id]


def _known(notice: Notice, kept: Mapping[UUID, int]) -> int:
    """Return the fee that was booked with a payment; of money that fitted nothing, none was."""
    if notice.state is NoticeState.REFUSED:
        return 0
    if notice.fee is not None:
        return notice.fee
    counts = notice.state is NoticeState.APPLIED and notice.tender_id is not None
    return kept.get(notice.tender_id or notice.id, 0) if counts else 0


# What no line tells ----------------------------------------------------------------------------------------------


def _drop_ours(method_id: UUID, subjects: Sequence[UUID]) -> None:
    """Forget that no line told of something, since one does now."""
    refs = [f"{OURS}{subject.hex}" for subject in subjects]
    mine = (LINE.merchant_id == db.merchant_id(), LINE.method_id == method_id, LINE.ref.in_(refs))
    db.session().execute(delete(BillLine.__table__).where(*mine))  # type: ignore[arg-type]


def list_ours(bill: Bill, begins: datetime, ends: datetime, *, limit: int) -> int:
    """List payments and paybacks of a day that no line of any bill tells, some at a time; return how many."""
    told = select(BillLine.id).where(BillLine.method_id == bill.method_id)
    paid = select(Notice).where(
        Notice.method_id == bill.method_id,
        Notice.state.in_((NoticeState.APPLIED, NoticeState.SURPLUS)),
        Notice.at >= begins,
        Notice.at < ends,
        ~told.where(BillLine.subject_id == Notice.id).exists(),
    )
    back = select(Payback).where(
        Payback.method_id == bill.method_id,
        Payback.state == PaybackState.DONE,
        Payback.done_at >= begins,
        Payback.done_at < ends,
        ~told.where(BillLine.subject_id == Payback.id).exists(),
    )
    rows = [_ours(bill, row) for query in (paid, back) for row in db.session().scalars(query.limit(limit))]
    if rows:
        db.session().execute(db.insert_or(BillLine).on_conflict_do_nothing(index_elements=KEY), rows)
    return len(rows)


def _ours(bill: Bill, known: Notice | Payback) -> dict[str, Any]:
    paid = isinstance(known, Notice)
    told = Told(
        ref=f"{OURS}{known.id.hex}",
        kind=LineKind.PAYMENT if paid else LineKind.REFUND,
        trade_no=(known.reported_no if isinstance(known, Notice) else known.trade_no),
        number="",
        amount=known.amount or 0,
        currency=known.currency,
        at=known.at if isinstance(known, Notice) else known.done_at,
    )
    return _row(bill, told) | {"outcome": Outcome.OURS_ONLY, "subject_id": known.id}
