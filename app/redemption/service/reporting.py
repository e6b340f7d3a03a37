"""Reporting: third parties tell us what they redeemed; what does not fit comes back as a list of differences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.queries import Entitlement, State
from app.entitlements.service import Used
from app.inventory import queries as stock
from app.inventory.queries import Status, Typed
from app.kit import db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.orders import queries as orders
from app.redemption import counting, terms
from app.redemption.events import UseReported
from app.redemption.models import Channel
from app.redemption.rules import LONGEST_REFERENCE, idem_of


class Match(StrEnum):
    """What a row of a report turned out to be; all but the first two are differences."""

    RECORDED = "recorded"
    AGAIN = "again"  # this very row was recorded before
    UNKNOWN = "unknown"
    NEVER_SOLD = "never sold"
    REPORTED_BEFORE = "reported before"
    REFUNDED = "refunded"
    OURS = "ours"  # we redeem it ourselves, so nobody else can have


@dataclass(frozen=True)
class Told:
    """A use that a third party tells: by the code, or by order number and the place among its codes, from 1 on."""

    key: str
    code: Typed | None = field(default=None, repr=False)
    order_number: str = ""
    slot: int = 0
    at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True)
class Matched:
    """A row of a report with what it turned out to be."""

    told: Told
    match: Match
    entitlement_id: UUID | None = None
    redemption_id: UUID | None = None


def report(rows: Sequence[Told], *, source: str, now: datetime, by: By) -> list[Matched]:
    """Record uses that third parties tell, and answer each row in its place; the same key of a source counts once."""
    answers: list[Matched] = []
    for at in range(0, len(rows), counting.AT_ONCE):
        answers += _report_some(rows[at : at + counting.AT_ONCE], source, now, by)
    return answers


def differences(matched: Iterable[Matched]) -> list[Matched]:
    """Return the rows that do not fit what we know."""
    return [row for row in matched if row.match not in (Match.RECORDED, Match.AGAIN)]


def _report_some(rows: Sequence[Told], source: str, now: datetime, by: By) -> list[Matched]:
    principal = f"report:{source}"
    idems = [idem_of(principal, told.key) for told in rows]
    written = counting.find_written(idems)
    found = _find(rows)
    owned = entitled.list_by_id({number for number in found if isinstance(number, UUID)})
    fresh: dict[UUID, int] = {}
    for place, number in enumerate(found):
        if isinstance(number, UUID) and idems[place] not in written and _speaks_against(owned.get(number)) is None:
            fresh.setdefault(number, place)
    used = entitlements.mark_used([Used(number, 1, 1) for number in fresh], at=now)
    made = {number: _row(owned[number], rows[fresh[number]], idems[fresh[number]], now, by) for number in sorted(used)}
    new = counting.write(list(made.values()))
    _publish([row for row in made.values() if row["id"] in new], now, by)
    recorded = {fresh[number]: row["id"] for number, row in made.items() if row["id"] in new}
    return [
        _matched(told, found[place], written.get(idems[place]), recorded.get(place), owned)
        for place, told in enumerate(rows)
    ]


def _find(rows: Sequence[Told]) -> list[UUID | Match]:
    """Return the entitlement of each row, or why it has none."""
    by_code = [told.code for told in rows if told.code]
    codes = iter(stock.list_typed(by_code))
    numbers = orders.list_by_number({told.order_number for told in rows if not told.code})
    parcels = {order_id: entitled.list_of_order(order_id) for order_id in set(numbers.values())}
    found: list[UUID | Match] = []
    for told in rows:
        if told.code:
            found.append(_of_code(next(codes)))
        else:
            parcel = parcels.get(numbers.get(told.order_number, UUID(int=0)), ())
            found.append(parcel[told.slot - 1].id if 1 <= told.slot <= len(parcel) else Match.UNKNOWN)
    return found


def _of_code(code: stock.Standing | None) -> UUID | Match:
    if code is None:
        return Match.UNKNOWN
    if code.entitlement_id is None or code.status in (Status.FREE, Status.HELD):
        return Match.NEVER_SOLD
    return code.entitlement_id


def _speaks_against(owned: Entitlement | None) -> Match | None:
    if owned is None:
        return Match.UNKNOWN
    if owned.state is State.REVOKED:
        return Match.REFUNDED
    if owned.state is State.PROMISED:
        return Match.NEVER_SOLD
    if owned.sku_id in terms.all_rules():
        return Match.OURS
    return Match.REPORTED_BEFORE if owned.used else None


def _matched(
    told: Told, found: UUID | Match, before: Any, recorded: UUID | None, owned: dict[UUID, Entitlement]
) -> Matched:
    if before is not None:
        return Matched(told, Match.AGAIN, before.entitlement_id, before.id)
    if isinstance(found, Match):
        return Matched(told, found)
    if recorded:
        return Matched(told, Match.RECORDED, found, recorded)
    return Matched(told, _speaks_against(owned.get(found)) or Match.REPORTED_BEFORE, found)


def _row(owned: Entitlement, told: Told, idem: bytes, now: datetime, by: By) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "entitlement_id": owned.id,
        "order_id": owned.order_id,
        "sku_id": owned.sku_id,
        "at": min(told.at or now, now),
        "uses": 1,
        "uses_left": 0,
        "channel": Channel.REPORT,
        "location_id": None,
        "actor_type": by.type,
        "actor_id": by.id,
        "network": "",
        "reference": told.reference[:LONGEST_REFERENCE],
        "idem": idem,
        "undoes_id": None,
        "reason": "",
    }


def _publish(rows: Sequence[dict[str, Any]], now: datetime, by: By) -> None:
    publish(
        *(
            UseReported(
                subject_id=row["entitlement_id"],
                order_id=row["order_id"],
                redemption_id=row["id"],
                sku_id=row["sku_id"],
                uses=row["uses"],
                at=now,
                by=by,
            )
            for row in rows
        )
    )
