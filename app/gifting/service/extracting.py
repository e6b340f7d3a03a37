"""Extracting: a company takes codes of a batch in clear, to use them elsewhere; within a budget, each look recorded."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update

from app.companies import service as companies
from app.entitlements import service as entitlements
from app.entitlements.errors import NothingToReveal, RevealLimit
from app.entitlements.service import Opening, Proof
from app.gifting import queries
from app.gifting.errors import DayIsFull, NoMoreFiles, NotSoManyFree
from app.gifting.events import CodesExtracted
from app.gifting.models import Extract, ExtractRow
from app.gifting.rules import MOST_A_DAY, MOST_FILES
from app.kit import db
from app.kit.errors import Invalid, NotFound
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.orders import queries as orders


@dataclass(frozen=True)
class Wanted:
    """How many codes of which batch a company wants in clear; the same `key` is the same wish."""

    company_id: UUID
    order_id: UUID | None
    count: int
    key: str


def extract(wanted: Wanted, *, network: str, now: datetime, by: By) -> UUID:
    """Set free codes of a batch aside for the company's own hands and return the extract; nothing is opened yet.

    Raises Invalid with NotSoManyFree, DayIsFull, NotFound for a batch of somebody else, ClosedCompany.
    """
    companies.lock(wanted.company_id)  # so that what is counted here stays so until the commit
    order = orders.get(wanted.order_id)
    if order.company_id != wanted.company_id:
        raise NotFound
    if found := _made(wanted):
        return again(found.id, company_id=wanted.company_id, network=network, now=now, by=by)
    free = queries.list_free(order.id, now=now, limit=max(wanted.count, 1))
    if not 0 < wanted.count <= len(free):
        raise Invalid({"quantity": NotSoManyFree(queries.count_free(order.id, now=now))})
    _check_day(wanted.company_id, wanted.count, now)
    made = _extract(wanted, order.id, now, by)
    db.session().add(made)
    db.session().flush()
    rows = [
        {"merchant_id": made.merchant_id, "entitlement_id": number, "extract_id": made.id, "line": line}
        for line, number in enumerate(free[: wanted.count], 1)
    ]
    db.session().execute(insert(ExtractRow), rows)
    _tell(made, network, now, by)
    return made.id


def again(extract_id: UUID | None, *, company_id: UUID, network: str, now: datetime, by: By) -> UUID:
    """Let the file of an extract be made once more, for a download that broke off; it counts for the day as well.

    Raises NoMoreFiles, DayIsFull, NotFound, ClosedCompany.
    """
    companies.lock(company_id)
    made = queries.get_extract(extract_id, company_id=company_id)
    _check_day(company_id, made.count, now)
    room = (Extract.id == made.id, Extract.times < MOST_FILES)
    if not db.changed(update(Extract).where(*room).values(times=Extract.times + 1, last_at=now)):
        raise NoMoreFiles(MOST_FILES)
    db.session().refresh(made)
    _tell(made, network, now, by)
    return made.id


def open_some(made: Extract, *, after_line: int, limit: int, proof: Proof, now: datetime) -> tuple[int, list[Opening]]:
    """Record the look at some codes of an extract after a line, and return its last line and what may be opened now.

    Line 0 is the end. What was taken back meanwhile, or looked at too often, is left out.
    """
    some = select(ExtractRow.line, ExtractRow.entitlement_id).where(
        ExtractRow.extract_id == made.id, ExtractRow.line > after_line
    )
    rows = db.session().execute(some.order_by(ExtractRow.line).limit(limit)).all()
    if not rows:
        return 0, []
    try:
        opened = entitlements.reveal(made.order_id, proof=proof, now=now, only=[row.entitlement_id for row in rows])
    except (NothingToReveal, RevealLimit):
        opened = []
    return rows[-1].line, opened


def _made(wanted: Wanted) -> Extract | None:
    same = (Extract.company_id == wanted.company_id, Extract.key == wanted.key)
    return db.session().scalar(select(Extract).where(*same))


def _check_day(company_id: UUID, count: int, now: datetime) -> None:
    left = queries.left_today(company_id, now=now)
    if count > left:
        raise Invalid({"quantity": DayIsFull(left, MOST_A_DAY)})


def _extract(wanted: Wanted, order_id: UUID, now: datetime, by: By) -> Extract:
    return Extract(
        merchant_id=db.merchant_id(),
        id=new_id(),
        company_id=wanted.company_id,
        order_id=order_id,
        key=wanted.key,
        count=wanted.count,
        times=1,
        created_at=now,
        last_at=now,
        actor_type=by.type,
        actor_id=by.id,
    )


def _tell(made: Extract, network: str, now: datetime, by: By) -> None:
    said = CodesExtracted(
        subject_id=made.id,
        order_id=made.order_id,
        company_id=made.company_id,
        rows=made.count,
        network=network,
        again=made.times > 1,
        at=now,
        by=by,
    )
    publish(said)
