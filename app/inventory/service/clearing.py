"""Clearing: codes that expire soon go to the variant that sells them at a price of its own, by a watch that stands.

A code is moved while it is free and not frozen, keeps its batch, expiry and cost, and never comes back by itself. So
each sale is at the price of the variant it was made of: what was ordered before is held, and stays where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.queries import Clearance, Source
from app.inventory.allocation import CODE, FREE
from app.inventory.clearing import in_window, of_held
from app.inventory.events import CodesCleared
from app.inventory.queries import CLEAR
from app.inventory.service.counting import recount
from app.inventory.service.moving import hand_over
from app.inventory.service.picking import repick_some, start_repick
from app.kit import clock, db, tasks
from app.kit.events import By, EventRow, publish

SLICE = 1000


@dataclass(frozen=True)
class Cleared:
    """What a step did: how many codes it moved, and whether others are left that fit, free or held."""

    moved: int
    are_rules: bool
    are_free_left: bool = False
    are_held_left: bool = False


def set_clearance(sku_id: UUID, days: int, into_id: UUID | None, *, now: datetime, by: By) -> None:
    """Let codes of a SKU go to another one so many days before they expire, from now on; refuses with Invalid."""
    if shelving.set_clearance(sku_id, days, into_id, now=now, by=by) and into_id is not None:
        start_repick(into_id, now=now)
    tasks.wake(CLEAR, now)


def open_clearance(sku_id: UUID, days: int, new: shelving.NewVariant, *, now: datetime, by: By) -> UUID:
    """Make a variant for the codes of a SKU that expire soon, let them go there, and return it."""
    into_id = shelving.open_clearance(sku_id, days, new, now=now, by=by)
    recount((into_id,), now=now)
    tasks.wake(CLEAR, now)
    return into_id


def drop_clearance(sku_id: UUID, *, now: datetime, by: By) -> None:
    """Move no more codes of a SKU; what was moved stays."""
    shelving.drop_clearance(sku_id, now=now, by=by)


def clear_after(changed: Sequence[EventRow]) -> None:
    """Have codes looked at that came, came free or have a new expiry, where a rule may fit them."""
    rules = {str(rule.sku_id) for rule in catalog.read_clearances().values()}
    if any(rules.intersection(event.data["skus"]) for event in changed if "skus" in event.data) or (
        rules and any(event.data.get("action") == "expiry" for event in changed)
    ):
        tasks.wake(CLEAR, clock.now())


def clear_some(*, now: datetime, today: date) -> Cleared:
    """Move some codes that expire soon by the rules of the shop, and tell what is left to move."""
    rules = [rule for rule in catalog.read_clearances().values() if _is_in_force(rule, now)]
    for rule in rules:
        if moved := _clear(rule, now, today):
            return Cleared(moved, are_rules=True)
    free = any(db.session().scalar(_expiring(rule, today).limit(1)) for rule in rules)
    return Cleared(0, bool(rules), free, any(_are_held(rule, today) for rule in rules))


def _is_in_force(rule: Clearance, now: datetime) -> bool:
    """Tell whether both sides are what they were when the rule was made: codes in stock."""
    supply = catalog.read_supply()
    return all(supply.source_of(sku_id, now) is Source.POOL for sku_id in (rule.sku_id, rule.into_id))


def _clear(rule: Clearance, now: datetime, today: date) -> int:
    soonest = _expiring(rule, today).order_by(CODE.expires_on, CODE.id).limit(SLICE)
    ids = db.session().scalars(soonest.with_for_update(skip_locked=True)).all()
    moved = hand_over(ids, rule.sku_id, rule.into_id)
    if moved:
        repick_some(rule.into_id)  # so that the next buyer gets the soonest of all
        recount((rule.sku_id, rule.into_id), now=now)
        told: dict[str, Any] = {"sku": rule.code, "into": rule.into, "skus": (rule.sku_id, rule.into_id)}
        publish(CodesCleared(subject_id=rule.product_id, count=moved, at=now, **told))
    return moved


def _expiring(rule: Clearance, today: date) -> Select[Any]:
    mine = (CODE.merchant_id == db.merchant_id(), CODE.sku_id == rule.sku_id, FREE)
    return select(CODE.id).where(*mine, *in_window(rule.days, today))


def _are_held(rule: Clearance, today: date) -> bool:
    held = select(CODE.id).where(*of_held(rule.sku_id), *in_window(rule.days, today)).limit(1)
    return db.session().scalar(held) is not None
