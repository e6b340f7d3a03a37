"""Questions about stock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select

from app.inventory.allocation import FREE, HELD, count_free
from app.inventory.changes import Action as Action
from app.inventory.changes import ChangeState as ChangeState
from app.inventory.changes import CodeChange as CodeChange
from app.inventory.changes import CodeChanged as CodeChanged
from app.inventory.classes import CLASSES as CLASSES
from app.inventory.classes import OF_SKU as OF_SKU
from app.inventory.classes import class_on, in_class, with_tail
from app.inventory.clearing import count_cleared as count_cleared
from app.inventory.clearing import good_until as good_until
from app.inventory.columns import BATCH_COLUMNS, CODE_COLUMNS, about_batches, about_codes
from app.inventory.dips import AlertKind as AlertKind
from app.inventory.dips import StockAlert
from app.inventory.expiring import expires_within as expires_within
from app.inventory.expiring import list_expiries as list_expiries
from app.inventory.files import LARGEST_BOOK as LARGEST_BOOK
from app.inventory.files import MORE as MORE
from app.inventory.files import Format as Format
from app.inventory.files import columns_for as columns_for
from app.inventory.lives import CHANGES as CHANGES
from app.inventory.lives import MOVE as MOVE
from app.inventory.lives import costs_of_batch as costs_of_batch
from app.inventory.lives import count_codes, in_batch, of_batch
from app.inventory.lives import get_change as get_change
from app.inventory.lives import get_code as get_code
from app.inventory.lives import get_move as get_move
from app.inventory.lives import get_proof as get_proof
from app.inventory.lives import is_frozen as is_frozen
from app.inventory.lives import last_recall as last_recall
from app.inventory.lives import list_codes_by_entitlement as list_codes_by_entitlement
from app.inventory.lives import list_done as list_done
from app.inventory.lives import list_proofs as list_proofs
from app.inventory.lives import list_words as list_words
from app.inventory.lives import of_entitlements as of_entitlements
from app.inventory.lives import running_change as running_change
from app.inventory.lives import was_sold_at_its_cost as was_sold_at_its_cost
from app.inventory.lives import was_touched as was_touched
from app.inventory.mapping import ROW_CLASSES as ROW_CLASSES
from app.inventory.mapping import Check as Check
from app.inventory.mapping import Plan as Plan
from app.inventory.mapping import read_plan as read_plan
from app.inventory.models import Batch as Batch
from app.inventory.models import BatchState as BatchState
from app.inventory.models import Code as Code
from app.inventory.models import CodeExport as CodeExport
from app.inventory.models import ExportState as ExportState
from app.inventory.models import ImportIssue as ImportIssue
from app.inventory.models import Lane as Lane
from app.inventory.models import SharedCode as SharedCode
from app.inventory.models import SharedHold as SharedHold
from app.inventory.models import Status as Status
from app.inventory.models import Stock
from app.inventory.owned import Known as Known
from app.inventory.owned import list_known as list_known
from app.inventory.patterns import Pattern, parse
from app.inventory.rules import class_of as class_of
from app.inventory.staged import DECIDE as DECIDE
from app.inventory.staged import Cell as Cell
from app.inventory.staged import StagedRow as StagedRow
from app.inventory.staged import first_cells as first_cells
from app.inventory.staged import form_of as form_of
from app.inventory.staged import get_staged as get_staged
from app.inventory.staged import kind_of as kind_of
from app.inventory.staged import list_rows as list_rows
from app.inventory.staged import list_undecided as list_undecided
from app.inventory.staged import preview as preview
from app.inventory.staged import worth_of as worth_of
from app.inventory.tagged import list_tags as list_tags
from app.inventory.tagged import tagged_batches, tagged_codes
from app.inventory.transitions import fits
from app.inventory.typed import Standing as Standing
from app.inventory.typed import Typed as Typed
from app.inventory.typed import list_typed as list_typed
from app.inventory.typed import mark_of as mark_of
from app.inventory.walks import CHANNELS as CHANNELS
from app.inventory.walks import any_walks as any_walks
from app.inventory.walks import read_walks as read_walks
from app.kit import clock, db, tasks
from app.kit.crypto import Sealed
from app.kit.ids import from_public
from app.kit.inline import among, spread
from app.kit.listing import Listing
from app.merchants import queries as merchants

CODE = Code.__table__.c
IMPORT = "inventory.import"
DISCARD = "inventory.discard"
REPICK = "inventory.repick"
DAILY = "inventory.daily"
ALERTS = "inventory.alerts"
SOLD_DAYS = 14  # over so many days is looked at how fast something sells
CHANGE = "inventory.change"
GENERATE = "inventory.generate"
EXPORT_MAIL = "inventory.export_mail"
CHECK = "inventory.check"
CLEAR = "inventory.clear"
UPLOAD_TIME = timedelta(hours=1)
SOON = ("7", "30", "90")  # days


def _in_class(query: Select[Any], name: str) -> Select[Any]:
    """Keep the codes that count under a class on the shop's present day."""
    today = clock.now().astimezone(ZoneInfo(merchants.current().zone)).date()
    return query.where(*in_class(name, today)) if name in CLASSES else query


CODES = Listing(
    query=lambda: select(Code),
    keys=(Code.id,),
    filters={
        "sku": lambda query, said: query.where(OF_SKU, Code.sku_id == from_public("sku", said)),
        "batch": of_batch,
        "status": _in_class,
        "tail": lambda query, said: query.where(with_tail(said)),
        "tag": tagged_codes,
    },
    name="codes",
    columns=CODE_COLUMNS,
    about=about_codes,
)


def _expiring(query: Select[Any], said: str) -> Select[Any]:
    """Keep the batches that expire within so many days, the expired ones left out."""
    today = clock.now().astimezone(ZoneInfo(merchants.current().zone)).date()
    days = int(said) if said in SOON else 0
    return query.where(Batch.expires_on >= today, Batch.expires_on <= today + timedelta(days=days)) if days else query


def _in_state(query: Select[Any], said: str) -> Select[Any]:
    if said == "recalled":
        return query.where(Batch.recalled_at.is_not(None))
    states = {state.name.lower(): state for state in BatchState}
    return query.where(Batch.state == states[said]) if said in states else query


# What is still being received, or waits for a decision, is no stock yet, and may never be.
NO_STOCK_YET = (BatchState.RECEIVING, BatchState.STAGED)
BATCHES = Listing(
    query=lambda: select(Batch).where(Batch.state.not_in(NO_STOCK_YET)),
    keys=(Batch.id,),
    filters={
        "sku": lambda query, said: query.where(Batch.sku_id == from_public("sku", said)),
        "supplier": lambda query, said: query.where(Batch.supplier == said),
        "tag": tagged_batches,
        "expiring": _expiring,
        "state": _in_state,
    },
    name="batches",
    columns=BATCH_COLUMNS,
    about=about_batches,
)


@dataclass(frozen=True)
class Progress:
    """How far an import is: lines of the file done and in all, and when the work on it began."""

    done: int
    total: int
    began_at: datetime

    def seconds_left(self, now: datetime) -> int | None:
        """Return how long it still takes at its pace up to now, or None while there is no pace."""
        passed = (now - self.began_at).total_seconds()
        return round(passed * (self.total - self.done) / self.done) if self.done and passed > 0 else None

    def rate(self, now: datetime) -> int:
        """Return how many lines a second it did up to now."""
        passed = (now - self.began_at).total_seconds()
        return round(self.done / passed) if passed > 0 else 0


def count_by_class(sku_id: UUID, *, today: date) -> dict[str, int]:
    """Count all codes of a SKU, each under the first class that fits (design.md, Stock)."""
    under = class_on(today)
    query = select(under, func.count()).where(OF_SKU, Code.sku_id == sku_id).group_by(under)
    counted: dict[str, int] = dict(db.session().execute(query).all())
    return {name: counted.get(name, 0) for name in CLASSES}


def count_left(sku_id: UUID, *, today: date, most: int) -> int:
    """Count the codes of a SKU that may be sold today, in all its lanes, up to `most`."""
    lanes = [0, *db.session().scalars(select(Lane.number).where(Lane.sku_id == sku_id))]
    return count_free(sku_id, today, most=most, lanes=lanes)


def count_expiring(sku_id: UUID, *, today: date, days: int, most: int) -> int:
    """Count the free codes of a SKU that expire within so many days from today, up to `most`."""
    soon = (CODE.expires_on >= today, CODE.expires_on <= today + timedelta(days=days))
    some = select(CODE.id).where(CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, FREE, *soon).limit(most)
    return db.session().scalar(select(func.count()).select_from(some.subquery())) or 0


def list_lanes(sku_id: UUID) -> Sequence[Lane]:
    """List the lanes of a SKU beside its main one."""
    return db.session().scalars(select(Lane).where(Lane.sku_id == sku_id).order_by(Lane.number)).all()


def count_by_lane(sku_id: UUID, *, today: date) -> dict[int, int]:
    """Count the codes of a SKU that may be sold today, by lane."""
    mine = (CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, FREE)
    good = CODE.expires_on.is_(None) | (CODE.expires_on >= today)
    return dict(db.session().execute(select(CODE.lane, func.count()).where(*mine, good).group_by(CODE.lane)).all())


def list_alerts(sku_id: UUID) -> dict[AlertKind, datetime]:
    """Return which dips of a SKU the staff were told of, and when; each stands until its stock has risen again."""
    query = select(StockAlert.kind, StockAlert.raised_at).where(StockAlert.sku_id == sku_id)
    return dict(db.session().execute(query).all())


@dataclass(frozen=True)
class HoldSeen:
    """Codes kept for a part of an order; without a time while it is being paid."""

    part_id: UUID
    sku_id: UUID
    until: datetime | None
    count: int


def list_holds(*, sku_id: UUID | None = None, limit: int) -> list[HoldSeen]:
    """List what is held now, what is being paid first, then what ends first."""
    query = select(CODE.held_by, CODE.sku_id, CODE.held_until, func.count()).where(
        CODE.merchant_id == db.merchant_id(), HELD, CODE.held_by.is_not(None)
    )
    if sku_id is not None:
        query = query.where(CODE.sku_id == sku_id)
    query = query.group_by(CODE.held_by, CODE.sku_id, CODE.held_until)
    query = query.order_by(CODE.held_until.is_not(None), CODE.held_until, CODE.held_by).limit(limit)
    return [HoldSeen(*row) for row in db.session().execute(query)]


def count_of_batch(batch: Batch, *, today: date) -> dict[str, int]:
    """Count the codes of a batch that there are now, each under the first class that fits."""
    under = class_on(today)
    query = select(under, func.count()).where(*in_batch(batch)).group_by(under)
    counted: dict[str, int] = dict(db.session().execute(query).all())
    return {name: counted.get(name, 0) for name in CLASSES}


def chosen_codes(action: Action, filters: Mapping[str, str], *, recall: UUID | None = None) -> Select[Any]:
    """Select the codes of a list, as its page shows it, that an action would change."""
    query: Any = select(Code.id)
    for name, said in filters.items():
        if said:
            query = CODES.filters[name](query, said)
    chosen: Select[Any] = query.where(*fits(action, recall))
    return chosen


def count_chosen(action: Action, filters: Mapping[str, str], *, recall: UUID | None = None) -> int:
    """Count the codes of a list that an action would change."""
    return count_codes(chosen_codes(action, filters, recall=recall))


def list_in_stock() -> frozenset[UUID]:
    """Return the SKUs that have stock by the rolled-up count."""
    return frozenset(db.session().scalars(select(Stock.sku_id).where(Stock.available > 0)))


def stock_of(sku_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the rolled-up stock of SKUs; a SKU never counted has none."""
    asked = list(sku_ids)
    binds = {"merchant": db.merchant_id()} | spread("sku", asked)
    return dict(db.session().execute(_stock(len(asked)), binds).all()) if asked else {}


@lru_cache
def _stock(count: int) -> Select[Any]:
    """Return the question for the stock of so many SKUs, as every page of the shelf asks it."""
    stock = Stock.__table__.c
    return select(stock.sku_id, stock.available).where(
        stock.merchant_id == bindparam("merchant"), among(stock.sku_id, "sku", count)
    )


def parse_pattern(text: str) -> Pattern:
    """Return what a pattern of codes means, or refuse with BadPattern."""
    return parse(text)


def get_batch(number: UUID | None) -> Batch:
    """Return a batch of the shop, or refuse with NotFound."""
    return db.get(Batch, number)


def progress_of(batch: Batch) -> Progress:
    """Return how far the import of a batch is."""
    task = tasks.find(IMPORT, batch.id) or tasks.find(GENERATE, batch.id)
    if task is None:
        return Progress(batch.lines, batch.lines, batch.created_at)
    return Progress(batch.imported if batch.is_made_here else batch.lines, task.total, task.created_at)


def list_batches_by_id(ids: Iterable[UUID]) -> dict[UUID, Batch]:
    """Return the batches with these ids."""
    return {batch.id: batch for batch in db.session().scalars(select(Batch).where(Batch.id.in_(list(ids))))}


def list_issues(batch_id: UUID, *, limit: int) -> Sequence[ImportIssue]:
    """List the rows of an import that were not taken, first lines first."""
    query = select(ImportIssue).where(ImportIssue.batch_id == batch_id).order_by(ImportIssue.line).limit(limit)
    return db.session().scalars(query).all()


def sealed_codes(code_ids: Iterable[UUID]) -> dict[UUID, Sealed]:
    """Return the seals of codes; only `crypto.open` gets at what is inside."""
    query = select(Code.merchant_id, Code.id, Code.key_id, Code.sealed).where(Code.id.in_(list(code_ids)))
    return {
        number: Sealed("code", "sealed", merchant, number, key_id, blob)
        for merchant, number, key_id, blob in db.session().execute(query)
    }


def get_export(number: UUID | None) -> CodeExport:
    """Return an export of the shop, or refuse with NotFound."""
    return db.get(CodeExport, number)


def list_exports(*, limit: int) -> Sequence[CodeExport]:
    """List what was asked for in clear, the latest first."""
    return db.session().scalars(select(CodeExport).order_by(CodeExport.asked_at.desc()).limit(limit)).all()


def is_barred(merchant_id: ColumnElement[int], code_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that nobody may use a code: frozen, set aside, void, or not sold at all."""
    own = (CODE.merchant_id == merchant_id, CODE.id == code_id, CODE.frozen | (CODE.status != Status.SOLD))
    return exists(select(CODE.id).where(*own))


SHARED = SharedCode.__table__.c


def sealed_shared(shared_ids: Iterable[UUID]) -> dict[UUID, Sealed]:
    """Return the seals of shared codes; only `crypto.open` gets at what is inside."""
    mine = (SHARED.merchant_id == db.merchant_id(), SHARED.id.in_(list(shared_ids)))
    query = select(SHARED.merchant_id, SHARED.id, SHARED.key_id, SHARED.sealed).where(*mine)
    return {
        number: Sealed("shared_code", "sealed", merchant, number, key_id, blob)
        for merchant, number, key_id, blob in db.session().execute(query)
    }


def is_shared_frozen(merchant_id: ColumnElement[int], shared_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that nobody may look at a shared code."""
    own = (SHARED.merchant_id == merchant_id, SHARED.id == shared_id, SHARED.frozen)
    return exists(select(SHARED.id).where(*own))


def list_shared(sku_id: UUID) -> Sequence[SharedCode]:
    """List the shared codes of a SKU in the order of sale."""
    query = select(SharedCode).where(SharedCode.sku_id == sku_id).order_by(SharedCode.pick, SharedCode.id)
    return db.session().scalars(query).all()


def get_shared(number: UUID | None) -> SharedCode:
    """Return a shared code of the shop, or refuse with NotFound."""
    return db.get(SharedCode, number)
