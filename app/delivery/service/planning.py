"""Planning: how the shop wants its buyers to be told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.delivery.errors import NoChannelLeft, NotATime
from app.delivery.events import TellingPlanChanged
from app.delivery.guide import read_plan
from app.delivery.plan import DAY, Plan
from app.delivery.ways import TellingPolicy
from app.kit import db
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish

PARTS = ("channels", "quiet_from", "quiet_to", "waiting", "silent", "off")


def set_plan(plan: Plan, *, now: datetime, by: By) -> None:
    """Tell buyers so from now on; raises Invalid, by field, for what cannot be."""
    faults: dict[str, Refusal] = {}
    if not plan.order():
        faults["off"] = NoChannelLeft()
    for name in ("quiet_from", "quiet_to"):
        if not 0 <= getattr(plan, name) < DAY:
            faults[name] = NotATime()
    if faults:
        raise Invalid(faults)
    before, values = _written(read_plan()), _written(plan)
    changed = tuple(name for name in values if values[name] != before[name])
    if not changed:
        return
    key = {"merchant_id": db.merchant_id()}
    put = db.insert_or(TellingPolicy).values(key | values)
    db.changed(put.on_conflict_do_update(index_elements=[*key], set_=values))
    publish(TellingPlanChanged(subject_id=UUID(int=db.merchant_id()), changes=changed, at=now, by=by))


def _written(plan: Plan) -> dict[str, Any]:
    """Return a plan as its row keeps it: all channels in their order, those that are not used named beside."""
    return {
        "channels": [channel.name for channel in plan.all()],
        "off": sorted(channel.name for channel in plan.off),
        "quiet_from": plan.quiet_from,
        "quiet_to": plan.quiet_to,
        "waiting": sorted(about.name for about in plan.waiting),
        "silent": sorted(about.name for about in plan.silent),
    }
