"""Long work of finance: counting days that are over, reading bills, asking each morning for those of the day before."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select

from app.finance import days, service
from app.finance.bills import READ
from app.finance.days import CLOSE
from app.finance.models import Bill
from app.finance.shapes import CHINA
from app.kit import clock, db, tasks
from app.kit.events import SYSTEM, EventRow
from app.payments import queries as paying

WATCH = "finance.bills"
MADE_BY = time(10, 30)  # channels make the bills of a day until ten, China time
DAY = timedelta(days=1)


def close(_: UUID) -> tasks.Step:
    """Count one day; when none is left, come back when the next one is over."""
    now = clock.now()
    if days.close_next(now=now):
        return tasks.Step(finished=False)
    day = days.next_day()
    return tasks.Step(finished=True, again_at=days.closes_at(day) if day else None)


def read(bill_id: UUID) -> tasks.Step:
    """Read one piece of a bill."""
    return service.read_some(bill_id, now=clock.now())


def failed(bill_id: UUID, error: str) -> None:
    """Tell that a bill could not be read."""
    service.fail_bill(bill_id, error, now=clock.now())


def watch_after(added: Sequence[EventRow]) -> None:
    """Ask for bills from the morning after a way to pay was connected."""
    tasks.wake(WATCH, next_morning(max(event.at for event in added)))


def watch(_: UUID) -> tasks.Step:
    """Ask every connected gateway for its bill of yesterday, once, and come back the next morning."""
    now = clock.now()
    today = now.astimezone(CHINA).date()
    if (morning := next_morning(now)).date() == today:
        return tasks.Step(finished=True, again_at=morning)
    day = today - DAY
    methods = [method for method in paying.list_connected() if not paying.gateway_of(method).is_test(method.bare)]
    known = set(db.session().scalars(select(Bill.method_id).where(Bill.day == day)))
    for method in methods:
        if method.id not in known:
            service.ask_bill(method.id, day, now=now, by=SYSTEM, quietly=True)
    return tasks.Step(finished=True, done=len(methods), again_at=morning)


def next_morning(after: datetime) -> datetime:
    """Return the next half past ten in China, where no summer time ever moves it."""
    there = after.astimezone(CHINA)
    today = datetime.combine(there.date(), MADE_BY, CHINA)
    return today if there < today else today + DAY


KINDS = (tasks.Kind(CLOSE, close), tasks.Kind(READ, read, failed), tasks.Kind(WATCH, watch))
