"""Trying a carrier out: a self-test, and a message to whoever tries it.

A self-test sends nothing, but for that of a robot, which can only be tried out by saying something to its group.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from app.kit import crypto, db, effects
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.party import Finding
from app.kit.secret import Secret
from app.messages import queries, robots
from app.messages.errors import RobotBusy, TooManyOfShop, TooManyTrials
from app.messages.events import CarrierTested, CarrierTried, MessageReceipt
from app.messages.models import Carrier, CarrierTrial, TrialState
from app.messages.providers import Receipt
from app.messages.rules import free_at, seconds_left, spend

PROBE, TRIAL = "messages.probe", "messages.trial"
TRYING = timedelta(minutes=1)
ADDRESS = "carrier trial"
OF_PERSON, OF_SHOP = 10, 60  # messages for a test that one person may send in a minute, all of a shop in an hour
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ONWARD = (TrialState.ASKED, TrialState.TAKEN, TrialState.UNKNOWN)


def ask_test(carrier_id: UUID, *, receipts_url: str, now: datetime) -> UUID:
    """Have an account tried out and return the effect to wait for; refuses with RobotBusy what a robot may not say."""
    carrier = queries.get_connected(carrier_id)
    carrier.receipts_url = receipts_url
    if carrier.channel in robots.EFFECTS:
        _take_turn(carrier.id, now)
    return effects.intend(PROBE, carrier.id, due_at=now, deadline=now + TRYING)


def _take_turn(carrier_id: UUID, now: datetime) -> None:
    """Let a robot speak now, at the cost of what it may say afterwards."""
    robot = robots.lock(carrier_id)
    if seconds := seconds_left(free_at(robot.spent_until, now), now):
        raise RobotBusy(seconds)
    robot.spent_until = spend(robot.spent_until, now)


def record_test(carrier_id: UUID, findings: Sequence[Finding], *, now: datetime) -> None:
    """Keep what a self-test found, in place of what the one before did."""
    carrier = db.get(Carrier, carrier_id)
    told: list[dict[str, Any]] = [vars(finding) for finding in findings]
    carrier.findings, carrier.tested_at = told, now
    publish(CarrierTested(subject_id=carrier.id, well=all(finding.well for finding in findings), at=now))


def ask_trial(
    carrier_id: UUID, *, about: str, lang: str, to: Secret, mask: str, now: datetime, by: By
) -> tuple[CarrierTrial, UUID]:
    """Have a message with made-up values sent by one carrier; returns it and the effect to wait for."""
    carrier = queries.get_connected(carrier_id)
    if carrier.channel in robots.EFFECTS:
        raise NotFound  # its self-test speaks
    _check_limits(now, by)
    key, number = crypto.key_for(ADDRESS), new_id()
    trial = CarrierTrial(
        id=number,
        carrier_id=carrier.id,
        about=about,
        lang=lang,
        key_id=key.id,
        sealed=key.seal("carrier_trial", "sealed", number, to),
        mask=mask,
        state=TrialState.ASKED,
        asked_at=now,
        asked_by=by.id,
    )
    db.session().add(trial)
    db.session().flush()
    publish(CarrierTried(subject_id=carrier.id, about=about, at=now, by=by))
    return trial, effects.intend(TRIAL, number, due_at=now, deadline=now + TRYING)


def _check_limits(now: datetime, by: By) -> None:
    """Refuse what is too much for one person or for the shop; the words say when the oldest counts no more."""
    if (since := _full(OF_PERSON, MINUTE, now, CarrierTrial.asked_by == by.id)) is not None:
        raise TooManyTrials(OF_PERSON, seconds_left(since + MINUTE, now))
    if (since := _full(OF_SHOP, HOUR, now)) is not None:
        raise TooManyOfShop(OF_SHOP, -(-seconds_left(since + HOUR, now) // 60))


def _full(most: int, span: timedelta, now: datetime, *mine: ColumnElement[bool]) -> datetime | None:
    """Return when the oldest of so many trials within a time was, or None while there are fewer."""
    recent = select(CarrierTrial.asked_at).where(CarrierTrial.asked_at > now - span, *mine)
    return db.session().scalar(recent.order_by(CarrierTrial.asked_at.desc()).offset(most - 1).limit(1))


def address_of(trial: CarrierTrial) -> Secret:
    """Return where a message for a test goes."""
    place = crypto.Sealed("carrier_trial", "sealed", trial.merchant_id, trial.id, trial.key_id, trial.sealed)
    return crypto.unseal(place, ADDRESS)


def record_trial(trial_id: UUID, state: TrialState, *, reason: str = "", number: str = "", now: datetime) -> None:
    """Record what became of a message for a test; what a receipt said of it before stays."""
    mine = (CarrierTrial.id == trial_id, CarrierTrial.state == TrialState.ASKED)
    ended = None if state is TrialState.TAKEN else now
    db.changed(update(CarrierTrial).where(*mine).values(state=state, reason=reason, number=number, ended_at=ended))


# What carriers tell ----------------------------------------------------------------------------------------------


def record_receipts(carrier_id: UUID, receipts: Sequence[Receipt], *, now: datetime) -> None:
    """Take in what a carrier tells of messages, all in one unit; what they were about, others know."""
    said = [(one.number, one.arrived, one.reason) for one in receipts]
    publish(
        *(
            MessageReceipt(subject_id=carrier_id, number=number, arrived=arrived, reason=reason, at=now)
            for number, arrived, reason in said
        )
    )
    for state, arrived in ((TrialState.ARRIVED, True), (TrialState.FAILED, False)):
        reasons = {number: reason for number, came, reason in said if came is arrived}
        _end_trials(carrier_id, reasons, state, now)


def _end_trials(carrier_id: UUID, reasons: dict[str, str], state: TrialState, now: datetime) -> None:
    if not reasons:
        return
    mine = (CarrierTrial.carrier_id == carrier_id, CarrierTrial.state.in_(ONWARD), CarrierTrial.number.in_(reasons))
    ended = update(CarrierTrial).where(*mine).values(state=state, ended_at=now)
    for number in db.session().scalars(ended.returning(CarrierTrial.number)).all():
        db.changed(
            update(CarrierTrial)
            .where(CarrierTrial.carrier_id == carrier_id, CarrierTrial.number == number)
            .values(reason="" if state is TrialState.ARRIVED else reasons[number])
        )
