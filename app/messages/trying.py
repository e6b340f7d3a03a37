"""Trying a carrier out: a self-test that sends nothing, and a message to whoever tries it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.kit import crypto, db, effects, throttle
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.party import Finding
from app.kit.secret import Secret
from app.messages.errors import TooManyTrials
from app.messages.events import CarrierTested, CarrierTried, MessageReceipt
from app.messages.models import Carrier, CarrierTrial, TrialState
from app.messages.providers import Receipt

PROBE, TRIAL = "messages.probe", "messages.trial"
TRYING = timedelta(minutes=1)
ADDRESS = "carrier trial"
TRIALS = 10  # of a shop in a quarter of an hour
ONWARD = (TrialState.ASKED, TrialState.TAKEN, TrialState.UNKNOWN)


def ask_test(carrier_id: UUID, *, receipts_url: str, now: datetime) -> UUID:
    """Have an account tried out, sending nothing; returns the effect to wait for."""
    carrier = db.get(Carrier, carrier_id)
    carrier.receipts_url = receipts_url
    return effects.intend(PROBE, carrier.id, due_at=now, deadline=now + TRYING)


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
    carrier = db.get(Carrier, carrier_id)
    keys = (throttle.key("carrier trial", limit=TRIALS),)
    if minutes := throttle.minutes_to_wait(keys, now=now):
        raise TooManyTrials(minutes)
    throttle.count(keys, now=now)
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
    )
    db.session().add(trial)
    db.session().flush()
    publish(CarrierTried(subject_id=carrier.id, about=about, at=now, by=by))
    return trial, effects.intend(TRIAL, number, due_at=now, deadline=now + TRYING)


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
