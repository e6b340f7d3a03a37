"""Taking in the bills of payment channels: asked for or uploaded, sealed in pieces, read by a task."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import chain
from uuid import UUID

from sqlalchemy import delete, func, select

from app.finance import matching, unpacking
from app.finance.errors import DayNotOver, NoDay, NotABill, OtherDay
from app.finance.events import BillAsked, BillFailed, BillRead, BillTaken
from app.finance.models import OPEN, Bill, BillChunk, BillLine, BillState
from app.finance.shapes import CHINA, Shape, day_of, entries, shape_of
from app.kit import crypto, db, effects, tasks
from app.kit.errors import Refusal
from app.kit.events import SYSTEM, By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.kit.tasks import Step
from app.merchants import queries as merchants
from app.payments import queries as paying

FETCH, READ = "bill.fetch", "bill.read"
STAGING = "bill staging"
PATIENCE = timedelta(hours=6)
SLICE = 500
NOT_OFFERED = "not offered"


def ask_bill(method_id: UUID, day: date, *, now: datetime, by: By, quietly: bool = False) -> UUID:
    """Have a gateway asked for the bill of a day that is over; returns the bill, whose state tells what came of it.

    `quietly` leaves no trace where the gateway offers none.
    """
    method = paying.get_method(method_id)
    if day >= now.astimezone(CHINA).date():
        raise DayNotOver
    bill = _bill(method.id, day, now)
    bill.state, bill.reason, bill.columns = BillState.ASKED, "", json.dumps({"quietly": quietly})
    effects.intend(FETCH, bill.id, due_at=now, deadline=now + PATIENCE)
    publish(BillAsked(subject_id=bill.id, day=day.isoformat(), at=now, by=by))
    return bill.id


def _bill(method_id: UUID, day: date, now: datetime) -> Bill:
    """Return the bill of a day, made when it is first spoken of."""
    bill = db.session().scalar(select(Bill).where(Bill.method_id == method_id, Bill.day == day).with_for_update())
    if bill is None:
        nothing = {"shape": "", "columns": "{}", "reason": "", "chunks": 0, "next_chunk": 0, "state": BillState.ASKED}
        bill = Bill(id=new_id(), method_id=method_id, day=day, asked_at=now, **nothing)
        db.session().add(bill)
    bill.asked_at, bill.done_at = now, None
    db.session().flush()
    return bill


# Taking in -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opened:
    """A file that is a bill: how it looks, the line that names its columns, and its text in pieces."""

    shape: Shape
    header: str
    mapped: Mapping[str, str]
    texts: Iterator[str]
    day: date | None

    @property
    def columns(self) -> str:
        return json.dumps({"header": self.header, "mapped": dict(self.mapped)})


def open_bill(pieces: Iterable[bytes], mapped: Mapping[str, str], currency: str) -> Opened:
    """Return what a file is, its first piece read; raises NotABill or BillTooLarge."""
    texts = unpacking.texts(pieces, lambda line: shape_of(line, mapped) is not None)
    first = next(texts)
    header = first.partition("\n")[0]
    shape = shape_of(header, mapped)
    if shape is None:
        raise NotABill
    told = entries(shape, header, _body(first, 0), currency)
    days = (day_of(line, shape) for line in told)
    return Opened(shape, header, mapped, chain([first], texts), next((day for day in days if day), None))


def _body(text: str, number: int) -> str:
    """Return the records of a piece; the first one begins with the names of the columns."""
    return text.partition("\n")[2] if number == 0 else text


def take_bill(merchant_id: int, method_id: UUID, opened: Opened, *, day: date | None, now: datetime, by: By) -> UUID:
    """Take an uploaded bill in, sealed piece by piece in units of their own, and have it read; returns the bill.

    Raises OtherDay, NoDay, or what its pieces refuse; then nothing of it is kept.
    """
    if day and opened.day and day != opened.day:
        raise OtherDay(opened.day)
    if (whose := day or opened.day) is None:
        raise NoDay
    bill_id = db.write(merchant_id, lambda: _begin(method_id, whose, opened, now))
    try:
        _stage(bill_id, opened, lambda put: db.write(merchant_id, put))
    except Refusal as refusal:
        reason = refusal.message
        db.write(merchant_id, lambda: fail_bill(bill_id, reason, now=now))
        raise
    db.write(merchant_id, lambda: _received(bill_id, now, by))
    return bill_id


def take_fetched(bill_id: UUID, body: bytes, *, now: datetime) -> None:
    """Take in what a gateway gave when it was asked for a bill; what is none fails it."""
    bill = db.get(Bill, bill_id)
    if bill.state is not BillState.ASKED:
        return
    try:
        opened = open_bill([body], {}, merchants.current().currency)
        if opened.day and opened.day != bill.day:
            raise OtherDay(opened.day)
        _begin(bill.method_id, bill.day, opened, now)
        _stage(bill_id, opened, lambda put: put())
    except Refusal as refusal:
        fail_bill(bill_id, refusal.message, now=now)
        return
    _received(bill_id, now, SYSTEM)


def _begin(method_id: UUID, day: date, opened: Opened, now: datetime) -> UUID:
    """Make room for the pieces of a bill; what was being read of it before is given up."""
    if day >= now.astimezone(CHINA).date() + timedelta(days=1):
        raise DayNotOver
    bill = _bill(method_id, day, now)
    _forget(bill)
    bill.state, bill.reason = BillState.ASKED, ""
    bill.shape, bill.columns, bill.chunks, bill.next_chunk = opened.shape.name, opened.columns, 0, 0
    return bill.id


def _stage(bill_id: UUID, opened: Opened, run: Callable[[Callable[[], None]], None]) -> None:
    for number, text in enumerate(opened.texts):
        run(partial(_keep, bill_id, number, text))


def _keep(bill_id: UUID, number: int, text: str) -> None:
    key = crypto.key_for(STAGING, bill_id.hex)
    sealed = key.seal("bill_chunk", str(number), bill_id, Secret(text))
    db.session().add(BillChunk(bill_id=bill_id, number=number, key_id=key.id, sealed=sealed))
    db.session().flush()


def _received(bill_id: UUID, now: datetime, by: By) -> None:
    bill = db.get(Bill, bill_id)
    count = select(func.count()).select_from(BillChunk).where(BillChunk.bill_id == bill_id)
    bill.state, bill.chunks = BillState.READ, int(db.session().scalar(count) or 0)
    tasks.start(READ, bill_id, due_at=now, total=bill.chunks)
    publish(BillTaken(subject_id=bill_id, day=bill.day.isoformat(), at=now, by=by))


def fail_bill(bill_id: UUID, reason: str, *, now: datetime) -> None:
    """Note why there is no bill; one that was asked for quietly where none is offered is forgotten."""
    bill = db.get(Bill, bill_id)
    _forget(bill)
    if reason == NOT_OFFERED and json.loads(bill.columns).get("quietly"):
        db.session().delete(bill)
        return
    bill.state, bill.reason, bill.done_at = BillState.FAILED, reason[:200], now
    publish(BillFailed(subject_id=bill_id, reason=bill.reason, at=now))


def _forget(bill: Bill) -> None:
    """Drop the pieces of a bill, and the key that could open them."""
    mine = (BillChunk.bill_id == bill.id,)
    db.session().execute(delete(BillChunk).where(*mine))
    crypto.destroy_key(STAGING, bill.id.hex)


# Reading ---------------------------------------------------------------------------------------------------------


def read_some(bill_id: UUID, *, now: datetime) -> Step:
    """Match the lines of the next piece of a bill; after the last one list what no line tells."""
    bill = db.find(Bill, bill_id)
    if bill is None or bill.state is not BillState.READ:
        return Step(finished=True)
    if bill.next_chunk < bill.chunks:
        _read_chunk(bill, now)
        bill.next_chunk += 1
        return Step(finished=False, done=bill.next_chunk, total=bill.chunks)
    if matching.list_ours(bill, *_bounds(bill), limit=SLICE):
        return Step(finished=False, done=bill.chunks, total=bill.chunks)
    _forget(bill)
    bill.state, bill.done_at = BillState.DONE, now
    unexplained = (BillLine.bill_id == bill_id, BillLine.outcome.in_(OPEN), BillLine.explained_at.is_(None))
    left = db.session().scalar(select(func.count()).select_from(BillLine).where(*unexplained))
    publish(BillRead(subject_id=bill_id, open=int(left or 0), at=now))
    return Step(finished=True, done=bill.chunks, total=bill.chunks)


def _read_chunk(bill: Bill, now: datetime) -> None:
    number = bill.next_chunk
    query = select(BillChunk).where(BillChunk.bill_id == bill.id, BillChunk.number == number)
    chunk = db.session().scalars(query).one()
    place = crypto.Sealed("bill_chunk", str(number), bill.merchant_id, bill.id, chunk.key_id, chunk.sealed)
    text = crypto.unseal(place, STAGING).expose()
    header, shape = shape_of_bill(bill)
    told = entries(shape, header, _body(text, number), merchants.current().currency)
    matching.keep(bill, told, shape, now=now)


def shape_of_bill(bill: Bill) -> tuple[str, Shape]:
    """Return the line that names a bill's columns, and how the bill looks."""
    known = json.loads(bill.columns)
    shape = shape_of(known["header"], known["mapped"])
    if shape is None:
        raise NotABill
    return known["header"], shape


def _bounds(bill: Bill) -> tuple[datetime, datetime]:
    """Return when the channel's day begins and ends."""
    zone = shape_of_bill(bill)[1].zone
    begins = datetime.combine(bill.day, time(), zone).astimezone(UTC)
    return begins, begins + timedelta(days=1)
