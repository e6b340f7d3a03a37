"""What people do about lines of a bill that differ: let a payment count, send it back, or say why it is well."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.finance import matching
from app.finance.bills import shape_of_bill
from app.finance.errors import DealtWith
from app.finance.events import LineSettled
from app.finance.models import Bill, BillLine, LineKind, Outcome
from app.finance.shapes import Told
from app.kit import db
from app.kit.errors import Invalid, NotFound, Required
from app.kit.events import By, publish
from app.payments import service as payments
from app.payments.queries import PaybackState

LINE = BillLine.__table__.c


def count_line(line_id: UUID, *, now: datetime, by: By) -> None:
    """Let a payment count of which no notice ever came, or a payback whose end nobody told; as if we had been told."""
    line = _open(line_id)
    if line.outcome is not Outcome.THEIRS_ONLY:
        raise NotFound
    if line.kind is LineKind.PAYMENT:
        trade = line.number.partition("-")[0]
        payments.tell_paid(line.method_id, trade=trade, trade_no=line.trade_no, paid=line.money, now=now)
    elif line.subject_id is not None:
        payments.record_payback(line.subject_id, PaybackState.DONE, now=now)
    else:
        raise NotFound
    _match_again(line, now)
    publish(LineSettled(subject_id=line.id, how="counted", note="", at=now, by=by))


def return_line(line_id: UUID, *, now: datetime, by: By) -> None:
    """Send back a payment of which no notice ever came, and which nobody wants to count."""
    line = _open(line_id)
    if line.outcome is not Outcome.THEIRS_ONLY or line.kind is not LineKind.PAYMENT:
        raise NotFound
    notice = payments.tell_paid(line.method_id, trade="", trade_no=line.trade_no, paid=line.money, now=now)
    if notice is None:
        raise DealtWith
    payments.send_back_misfit(notice, now=now, by=by)
    _match_again(line, now)
    publish(LineSettled(subject_id=line.id, how="returned", note="", at=now, by=by))


def explain_line(line_id: UUID, note: str, *, now: datetime, by: By) -> None:
    """Take a difference off the list, with the reason why it is well; raises Invalid without one."""
    note = note.strip()
    if not note:
        raise Invalid({"note": Required()})
    _open(line_id)
    mine = (LINE.merchant_id == db.merchant_id(), LINE.id == line_id, LINE.explained_at.is_(None))
    if db.changed(update(BillLine.__table__).where(*mine).values(explained_at=now, note=note)) == 0:  # type: ignore[arg-type]
        raise DealtWith
    publish(LineSettled(subject_id=line_id, how="explained", note=note, at=now, by=by))


def _open(line_id: UUID) -> BillLine:
    line = db.get(BillLine, line_id)
    if not line.is_open:
        raise DealtWith
    return line


def _match_again(line: BillLine, now: datetime) -> None:
    bill = db.get(Bill, line.bill_id)
    told = Told(line.ref, line.kind, line.trade_no, line.number, line.amount, line.currency, line.fee, line.at)
    db.session().flush()
    matching.keep(bill, [told], shape_of_bill(bill)[1], now=now)
    db.session().expire(line)
