"""What can be done with risk: judge an order, set the fences, write down what they caught."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from app.kit import db
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.risk import queries
from app.risk.errors import BadChoice, BadLimit
from app.risk.events import FencesChanged, ReviewPolicyChanged
from app.risk.models import Catch, FenceRule, Mode, ReviewPolicy
from app.risk.queries import Policy
from app.risk.rules import INSTANT, MINUTES, Rule
from app.risk.rules import Decision as Decision
from app.risk.rules import Hit as Hit
from app.risk.rules import Values as Values
from app.risk.rules import Verdict as Verdict
from app.risk.rules import assess as assess
from app.risk.rules import judge as judge

LARGEST = 10**12
LONGEST_REVIEW = 24 * 30


@dataclass(frozen=True)
class Setting:
    """How a rule is to be set."""

    mode: Mode
    most: int
    minutes: int


def set_rules(settings: Mapping[str, Setting], *, now: datetime, by: By) -> None:
    """Set rules of the running shop; raises Invalid with all that cannot be, by field."""
    before = check_rules(settings)
    changes = []
    for name, one in settings.items():
        was = Setting(before[name].mode, before[name].most, before[name].minutes)
        if one != was:
            changes.append((name, _plain(was), _plain(one)))
            db.session().merge(FenceRule(merchant_id=db.merchant_id(), name=name, **vars(one)))
    if changes:
        queries.forget()
        publish(FencesChanged(subject_id=_subject(), changes=tuple(changes), at=now, by=by))


def check_rules(settings: Mapping[str, Setting]) -> Mapping[str, Rule]:
    """Return the rules as they stand if they can be set like this; raises Invalid with all that cannot be, by field."""
    before = queries.read()
    faults = {field: fault for name, one in settings.items() for field, fault in faults_of(before[name], one).items()}
    if faults:
        raise Invalid(faults)
    return before


def faults_of(rule: Rule, wanted: Setting) -> dict[str, Refusal]:
    """Return by field why a rule cannot be set like this."""
    found: dict[str, Refusal] = {}
    if not 1 <= wanted.most <= LARGEST:
        found[f"{rule.name}.most"] = BadLimit(LARGEST)
    if wanted.mode not in rule.modes:
        found[f"{rule.name}.mode"] = BadChoice()
    if wanted.minutes not in ((INSTANT,) if rule.minutes == INSTANT else MINUTES):
        found[f"{rule.name}.minutes"] = BadChoice()
    return found


def _plain(one: Setting) -> str:
    return f"{one.mode.name.lower()} {one.most} {one.minutes}"


def set_policy(policy: Policy, *, now: datetime, by: By) -> None:
    """Say what becomes of orders in review that nobody decides; raises Invalid with BadLimit."""
    if not 0 <= policy.hours <= LONGEST_REVIEW:
        raise Invalid({"hours": BadLimit(LONGEST_REVIEW)})
    if policy != queries.policy():
        db.session().merge(ReviewPolicy(merchant_id=db.merchant_id(), hours=policy.hours, releases=policy.releases))
        publish(ReviewPolicyChanged(subject_id=_subject(), hours=policy.hours, releases=policy.releases, at=now, by=by))


def note_caught(hits: Sequence[Hit], *, order_id: UUID, who: str, now: datetime) -> None:
    """Write down which rules caught an order, when its unit commits."""
    rows = [_row(hit, who, now) | {"id": new_id(), "order_id": order_id} for hit in hits]
    db.insert_last((Catch.__table__, rows))


def note_refused(hits: Sequence[Hit], *, who: str, mark: bytes, now: datetime) -> None:
    """Write down which rules refused an order that was never made; tries of one buyer in an hour are one row."""
    for hit in hits:
        told = b"\n".join((hit.rule.name.encode(), bytes([hit.rule.mode]), f"{now:%Y-%m-%dT%H}".encode(), mark))
        row = _row(hit, who, now) | {"id": UUID(bytes=hashlib.sha256(told).digest()[:16]), "order_id": None}
        statement = db.insert_or(Catch).values(row)
        again = {"times": Catch.__table__.c.times + 1, "at": now, "seen": hit.seen}
        db.session().execute(statement.on_conflict_do_update(index_elements=["merchant_id", "id"], set_=again))


def _row(hit: Hit, who: str, now: datetime) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "at": now,
        "rule": hit.rule.name,
        "mode": hit.rule.mode,
        "who": who,
        "seen": hit.seen,
        "most": hit.rule.most,
        "minutes": hit.rule.minutes,
        "times": 1,
    }


def wipe(*, before: datetime) -> int:
    """Forget tries that were refused before a moment, and return how many."""
    c = Catch.__table__.c
    old = (c.merchant_id == db.merchant_id(), c.order_id.is_(None), c.at < before)
    return db.changed(delete(Catch.__table__).where(*old))  # type: ignore[arg-type]


def _subject() -> UUID:
    return UUID(int=db.merchant_id())
