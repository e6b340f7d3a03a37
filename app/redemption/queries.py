"""Questions about redemption: what is good for what, what was used, how far a list is, how sales and uses agree."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select

from app.inventory.queries import Typed as Typed
from app.kit import db, tasks
from app.kit.errors import Refusal
from app.kit.listing import Listing
from app.orders.queries import Order
from app.redemption import standing, terms
from app.redemption.errors import BulkGone
from app.redemption.models import Bulk as Bulk
from app.redemption.models import BulkRow as BulkRow
from app.redemption.models import BulkState as BulkState
from app.redemption.models import Channel as Channel
from app.redemption.models import Location as Location
from app.redemption.models import Redemption as Redemption
from app.redemption.models import RowState as RowState
from app.redemption.models import Voucher as Voucher
from app.redemption.reconciling import CLASSES as CLASSES
from app.redemption.reconciling import ENTITLEMENTS as ENTITLEMENTS
from app.redemption.reconciling import Tally as Tally
from app.redemption.reconciling import tallies as tallies
from app.redemption.reconciling import tallies_by_company as tallies_by_company
from app.redemption.rules import REASONS as REASONS
from app.redemption.rules import Rule as Rule
from app.redemption.rules import Wish, why_not
from app.redemption.service.bulks import BULK as BULK
from app.redemption.standing import Standing as Standing

# Rules and places -------------------------------------------------------------------------------------------------


def find_rule(sku_id: UUID) -> Rule | None:
    """Return how we redeem a SKU ourselves, as it is written down just now, or None."""
    return terms.read().rules.get(sku_id)


def list_rules() -> Mapping[UUID, Rule]:
    """Return the rule of each SKU that we redeem ourselves, as they are written down just now."""
    return terms.read().rules


def which_ours(sku_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these SKUs that we redeem ourselves, as this process remembers it: for pages that many open."""
    return set(terms.rules_of(sku_ids))


def list_locations(*, closed: bool = False) -> Sequence[Location]:
    """List the places that are open, or all of them, by code."""
    query = select(Location).order_by(Location.code)
    return db.session().scalars(query if closed else query.where(Location.closed_at.is_(None))).all()


def open_places() -> Collection[UUID]:
    """Return the places that are open, as this process remembers them."""
    return terms.current().open


# What may be used -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """How an entitlement stands for who wants to use it here and now: `refusal` is None when it is good."""

    standing: Standing | None
    reason: str  # the stable word of the refusal, "" when it is good
    refusal: Refusal | None
    last_use: Redemption | None

    @property
    def is_good(self) -> bool:
        return self.refusal is None


def validate(
    entitlement_ids: Sequence[UUID | None],
    *,
    now: datetime,
    count: int = 1,
    location_id: UUID | None = None,
    channel: Channel = Channel.COUNTER,
    company_id: UUID | None = None,
) -> list[Verdict]:
    """Say of each entitlement whether it could be used so, and if not why; uses nothing.

    With a company, what it does not own is as unknown as what does not exist.
    """
    found = standing.scoped(standing.look({number for number in entitlement_ids if number}), company_id)
    wish = Wish(count, now, now.astimezone(terms.zone()).date(), location_id, channel is Channel.SELF)
    reasons = {number: why_not(each.facts, wish) for number, each in found.items()}
    against = {number: (reason, found[number].facts) for number, reason in reasons.items() if reason}
    refused, used = standing.refusals(against), standing.last_uses(found)
    unknown = standing.refusals({UUID(int=0): ("unknown_code", None)})[UUID(int=0)]
    return [
        Verdict(found[number], reasons[number], refused.get(number), used.get(number))
        if number in found
        else Verdict(None, "unknown_code", unknown, None)
        for number in entitlement_ids
    ]


def find_typed(typed: Sequence[Typed], *, company_id: UUID | None = None) -> list[UUID | None]:
    """Return for each text the entitlement whose code it is, or None; for staff and companies, who are not throttled.

    A PIN that is given must be the code's own. With a company, only what it owns is found.
    """
    ids = standing.owners(typed)
    if company_id is None:
        return ids
    mine = standing.scoped(standing.look({number for number in ids if number}), company_id)
    return [number if number in mine else None for number in ids]


# What was used ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """One line of the history of an entitlement: a use, or the taking back of one."""

    row: Any  # with the columns of Redemption
    place: str
    undone: "Redemption | Undone | None"  # what took it back


class Undone(NamedTuple):
    """When and why a use was taken back."""

    at: datetime
    reason: str


def history(entitlement_id: UUID) -> list[Act]:
    """Return what was done with an entitlement, oldest first."""
    query = select(Redemption).where(Redemption.entitlement_id == entitlement_id).order_by(Redemption.at, Redemption.id)
    rows = db.session().scalars(query).all()
    undone = {row.undoes_id: row for row in rows if row.undoes_id}
    return [Act(row, terms.place_name(row.location_id), undone.get(row.id)) for row in rows]


def list_latest(channel: Channel, location_id: UUID | None, *, limit: int) -> list[Act]:
    """Return the latest uses through a door at a place, newest first, each with what took it back."""
    binds = {"merchant": db.merchant_id(), "channel": channel, "place": location_id, "most": limit}
    if location_id is None:
        del binds["place"]
    rows = db.session().execute(_latest(is_placed=location_id is not None), binds)
    name = terms.place_name(location_id)
    return [Act(row, name, Undone(row.undone_at, row.undone_why) if row.undone_at else None) for row in rows]


@cache  # making a statement costs more than running it
def _latest(*, is_placed: bool) -> Select[Any]:
    r, undo = Redemption.__table__.c, Redemption.__table__.alias("undo")
    at_place = r.location_id == bindparam("place") if is_placed else r.location_id.is_(None)
    where = (r.merchant_id == bindparam("merchant"), r.channel == bindparam("channel"), at_place, r.undoes_id.is_(None))
    some = select(Redemption.__table__).where(*where).order_by(r.id.desc()).limit(bindparam("most")).subquery()
    same = (undo.c.merchant_id == some.c.merchant_id) & (undo.c.undoes_id == some.c.id)
    columns = (some, undo.c.at.label("undone_at"), undo.c.reason.label("undone_why"))
    return select(*columns).outerjoin_from(some, undo, same).order_by(some.c.id.desc())


def get(redemption_id: UUID | None) -> Redemption:
    """Return a redemption of the shop, or refuse with NotFound."""
    return db.get(Redemption, redemption_id)


def list_by_id(redemption_ids: Collection[UUID]) -> dict[UUID, Redemption]:
    """Return the redemptions with these ids."""
    query = select(Redemption).where(Redemption.id.in_(list(redemption_ids)))
    return {row.id: row for row in db.session().scalars(query)}


def names_of_places(location_ids: Collection[UUID | None]) -> dict[UUID, str]:
    """Return what places are called."""
    return {number: terms.place_name(number) for number in location_ids if number}


CHANNELS = {channel.name.lower(): channel for channel in Channel}


def _on_day(query: Select[tuple[Redemption]], text: str) -> Select[tuple[Redemption]]:
    if (bounds := terms.bounds_of(text)) is None:
        return query
    return query.where(Redemption.at >= bounds[0], Redemption.at < bounds[1])


def _owned_by(company_id: UUID | None) -> ColumnElement[bool]:
    mine = (Order.merchant_id == Redemption.merchant_id, Order.id == Redemption.order_id)
    return exists().where(*mine, Order.company_id == company_id)


REDEMPTIONS = Listing(
    query=lambda: select(Redemption),
    keys=(Redemption.id,),
    filters={
        "sku": lambda query, said: query.where(Redemption.sku_id == terms.from_sku(said)),
        "channel": lambda query, said: query.where(Redemption.channel == CHANNELS.get(said)),
        "day": _on_day,
        "company": lambda query, said: query.where(_owned_by(terms.from_company(said))),
    },
)


def count_uses(*, since: datetime, until: datetime, company_id: UUID | None = None) -> dict[tuple[UUID, Channel], int]:
    """Count uses by SKU and channel in a stretch of time, what was taken back taken off; or those of a company."""
    query = select(Redemption.sku_id, Redemption.channel, func.sum(Redemption.uses)).where(
        Redemption.at >= since, Redemption.at < until
    )
    query = query.where(_owned_by(company_id)) if company_id else query
    rows = db.session().execute(query.group_by(Redemption.sku_id, Redemption.channel))
    return {(sku_id, channel): int(uses) for sku_id, channel, uses in rows}


# Bulks ------------------------------------------------------------------------------------------------------------


def bulks(company_id: UUID | None = None) -> Listing:
    """Return the list of lists that are there to be seen: of a company, or of the shop itself and all companies."""
    shown = select(Bulk).where(Bulk.state != BulkState.DRAFTING)
    return Listing(lambda: shown if company_id is None else shown.where(Bulk.company_id == company_id), (Bulk.id,))


def get_bulk(bulk_id: UUID | None, *, company_id: UUID | None = None) -> Bulk:
    """Return a list that is there to be seen, or refuse with BulkGone; with a company, only one of its own."""
    bulk = db.find(Bulk, bulk_id) if bulk_id else None
    if bulk is None or bulk.state is BulkState.DRAFTING or company_id not in (None, bulk.company_id):
        raise BulkGone
    return bulk


def rows_of(bulk_id: UUID) -> Listing:
    """Return the rows of a list, problems first, each kind in the order of the list; `state` keeps one kind."""
    return Listing(
        query=lambda: select(BulkRow).where(BulkRow.bulk_id == bulk_id),
        keys=(BulkRow.state, BulkRow.upwards),
        filters={"state": lambda query, said: query.where(BulkRow.state == STATES.get(said))},
    )


STATES = {state.name.lower(): state for state in RowState}


def count_rows(bulk_id: UUID) -> dict[str, int]:
    """Count the rows of a list by state, problems first; all states are there, and they add up to its total."""
    query = select(BulkRow.state, func.count()).where(BulkRow.bulk_id == bulk_id).group_by(BulkRow.state)
    counted = {row[0]: row[1] for row in db.session().execute(query)}
    return {name: counted.get(STATES[name], 0) for name in reversed(STATES)}


@dataclass(frozen=True)
class Progress:
    """How far a list is: rows done and failed of those that were ready, and when the work on it began."""

    done: int
    failed: int
    total: int
    began_at: datetime

    def seconds_left(self, now: datetime) -> int | None:
        """Return how long it still takes at its pace up to now, or None while there is no pace."""
        passed, worked = (now - self.began_at).total_seconds(), self.done + self.failed
        return round(passed * (self.total - worked) / worked) if worked and passed > 0 else None


def progress_of(bulk: Bulk) -> Progress:
    """Return how far a list is; one that goes on after a stop counts its pace anew."""
    task = tasks.find(BULK, bulk.id)
    began = task.created_at if task else bulk.confirmed_at or bulk.created_at
    return Progress(bulk.done, bulk.failed, bulk.ready, began)


@dataclass(frozen=True)
class Result:
    """A row of a list as its record says it: for whom, which, and when, where and by whom it was used, or why not."""

    row: BulkRow
    redemption: Redemption | None
    place: str


def results(bulk_id: UUID, *, after_line: int = 0, limit: int = 1000) -> list[Result]:
    """Return the rows of a list in its order, some at a time, after a line; for records and exports."""
    some = select(BulkRow).where(BulkRow.bulk_id == bulk_id, BulkRow.line > after_line)
    rows = db.session().scalars(some.order_by(BulkRow.line).limit(limit)).all()
    made = list_by_id([row.redemption_id for row in rows if row.redemption_id])
    return [_result(row, made.get(row.redemption_id) if row.redemption_id else None) for row in rows]


def _result(row: BulkRow, made: Redemption | None) -> Result:
    return Result(row, made, terms.place_name(made.location_id) if made else "")
