"""Outside calls of messages: letters to who owns the shop, what robots tell the staff, trying carriers out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from app.accounts import queries as accounts
from app.kit import chat, clock, db, reach
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Lane, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client
from app.kit.ids import public
from app.kit.letters import Posted, circular
from app.kit.party import Finding
from app.kit.reach import Door
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.messages import inquiring, queries, robots, trying
from app.messages.carrying import Fault, Line, Trip, carry, line, record_faults
from app.messages.models import Carrier, CarrierTrial, RobotNote, StaffNote, TrialState
from app.messages.providers import Later, Message, OutOfOrder, Speaks, TellsReceipts, provider
from app.messages.queries import NOTE_MAIL, facts_of
from app.messages.robots import EFFECTS, MOST, Spoken
from app.messages.rules import discreet


def load_notes(intents: Sequence[Intent]) -> Mapping[UUID, Sequence[Posted]]:
    """Return the letters about notes: of each one to every owner, in the shop's language."""
    shop, owners = merchants.current(), accounts.list_owners()
    found = {}
    for intent in intents:
        if note := db.find(StaffNote, intent.subject_id):
            facts = facts_of(note) | {"kind": note.kind, "shop": " ".join(shop.name.split()), "slug": shop.slug}
            facts |= {"about": public(note.subject_type, note.subject_id)}
            found[intent.id] = [
                Posted(uuid5(intent.id, user.hex), Secret(email), shop.lang, facts) for user, email in owners.items()
            ]
    return found


# Robots ----------------------------------------------------------------------------------------------------------

SHOWN = 10  # notes of a message; the others are counted


@dataclass(frozen=True)
class Speech:
    """What a robot is to say; without a line or notes there is nothing to say any more."""

    key: UUID
    line: Line | None
    notes: Sequence[UUID]
    lang: str
    facts: Mapping[str, Any]


def load_speeches(intents: Sequence[Intent]) -> Mapping[UUID, Speech]:
    """Return what robots are to say: all that waits by now."""
    now = clock.now()
    return {intent.id: _speech(intent, db.get(Carrier, intent.subject_id), now) for intent in intents}


def _speech(intent: Intent, carrier: Carrier, now: datetime) -> Speech:
    query = select(StaffNote).join(RobotNote, RobotNote.note_id == StaffNote.id)
    query = query.where(RobotNote.carrier_id == carrier.id, RobotNote.merchant_id == StaffNote.merchant_id)
    notes = db.session().scalars(query.order_by(StaffNote.id).limit(MOST)).all()
    shop = merchants.current()
    facts: dict[str, Any] = {"shop": " ".join(shop.name.split()), "slug": shop.slug}
    facts |= {"notes": [_told(note) for note in notes[:SHOWN]], "count": len(notes), "more": len(notes[SHOWN:])}
    facts |= {"minutes": ceil((now - notes[0].at).total_seconds() / 60) or 1 if notes else 1}
    in_order = carrier.enabled and not carrier.alarm
    return Speech(intent.id, line(carrier) if in_order else None, [note.id for note in notes], shop.lang, facts)


def _told(note: StaffNote) -> dict[str, Any]:
    """Return the plain values of a note as a group may read them."""
    usual = {"title": "", "number": "", "left": "–", "sku": "–", "limit": "–", "days": "–", "count": 0, "amount": "–"}
    known = {name: value for name, value in facts_of(note).items() if name in usual}
    said = {name: discreet(value) if isinstance(value, str) else value for name, value in known.items()}
    return {**usual, **said, "number": known.get("number", ""), "kind": note.kind}


def call_robot(speech: Speech, http: Client) -> Answer:
    """Let a robot speak; one that is out of order, or spoke too much, is a fault of its carrier and no failure here."""
    if speech.line is None or not speech.notes:
        return Done(Spoken())
    words = chat.write("messages/notes", lang=speech.lang, facts=speech.facts)
    text = f"{words.text}\n{words.url}".strip()
    said = Message(speech.key, "note", Secret(""), speech.lang, words.title, text)
    trip = carry(said, [speech.line], http)
    if trip.faults:
        return Done(Spoken(called=True, faults=trip.faults))
    if isinstance(trip.answer, Temporary | Unknown):
        return trip.answer
    return Done(Spoken(speech.notes, called=True))


def settle_robot(intent: Intent, answer: Answer) -> None:
    """Record how it went, and have what came meanwhile told next."""
    now = clock.now()
    match answer:
        case Done(Spoken() as spoken):
            robots.record_spoken(intent.subject_id, spoken, now=now)
        case Temporary() | Unknown():
            robots.record_try(intent.subject_id, now=now)
        case GaveUp() | _:
            robots.give_up(intent.subject_id)


def _robot(name: str) -> Kind:
    """Return the kind of what robots of a party say; it may be said twice, which does less harm than not at all."""
    return Kind(
        name, load_speeches, call_robot, settle_robot, client=Client, repeatable=True, lane=Lane.CHAT, door=name
    )


# Trying a carrier out --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """A carrier to try out, and the door at which it would tell us."""

    line: Line
    door: Door
    shop: str
    lang: str


def load_probes(intents: Sequence[Intent]) -> Mapping[UUID, Tried]:
    """Return the carriers to try out."""
    shop, found = merchants.current(), {intent.id: db.find(Carrier, intent.subject_id) for intent in intents}
    name = " ".join(shop.name.split())
    return {one: Tried(line(row), _door(row, shop), name, shop.lang) for one, row in found.items() if row is not None}


def _door(row: Carrier, shop: merchants.Profile) -> Door:
    return Door(row.receipts_url, NOT_HERE, shop.sandbox)


@dataclass(frozen=True)
class Probed:
    """What a self-test found, and what is wrong with the carrier."""

    findings: Sequence[Finding]
    faults: Sequence[Fault] = ()


def call_probe(tried: Tried, http: Client) -> Answer:
    """Try an account out, and whether receipts can reach the shop."""
    party = provider(tried.line.provider)
    if isinstance(party, Speaks):
        return Done(_spoken(party, tried, http))
    answer = tried.line.asked(http, lambda account: party.probe(account, http))
    found = tuple(answer.value) if isinstance(answer, Done) else (_wrong(answer),)
    found = (*found, reach.tried("receipts", tried.door, http)) if isinstance(party, TellsReceipts) else found
    return Done(Probed(found))


def _wrong(answer: Answer) -> Finding:
    """Return what is wrong where a party did not simply say yes, and how to mend it."""
    match answer:
        case OutOfOrder(reason, mend):
            return Finding("keys", well=False, message=reason, mend=mend)
        case Later(reason=reason):
            return Finding("query", well=False, message=reason, mend=WAIT_THERE)
        case Refused(reason):
            return Finding("query", well=False, message=reason, mend=COMPARE)
    return Finding("query", well=False, message=NO_ANSWER, mend=NO_ANSWER_MEND)


NO_ANSWER = words("The service does not answer.")
NO_ANSWER_MEND = words("Try again in a minute; if it keeps happening, ask there.")
NOT_HERE = words("Receipts cannot reach this shop, so it never learns which messages arrived.")
COMPARE = words("Compare what is entered here with what the service shows of the account.")
WAIT_THERE = words("It has received too many messages. Wait a while, and try again.")
LOOK_THERE = words("The note may have arrived anyway: check the group before you try again.")
AGAIN = words("Try again in a minute; if it keeps happening, check the robot's settings in the group.")


def _spoken(party: Speaks, tried: Tried, http: Client) -> Probed:
    """Have a robot say to its group that this is a test, and return what it answered, in its own words."""
    said, way = chat.write("messages/test", lang=tried.lang, facts={"shop": tried.shop}), tried.line
    answer = party.say(f"{said.title}\n{said.text}", way.account, http)
    reason = str(getattr(answer, "reason", ""))
    match answer:
        case Done(value=words_of_it):
            return Probed([Finding("robot", well=True, message=words_of_it)])
        case OutOfOrder(mend=mend):
            return Probed([Finding("robot", well=False, message=reason, mend=mend)], [Fault(way.carrier_id, reason)])
        case Later(seconds=seconds):
            rests = [Fault(way.carrier_id, reason, seconds)]
            return Probed([Finding("robot", well=False, message=reason, mend=WAIT_THERE)], rests)
    mend = LOOK_THERE if isinstance(answer, Unknown) else AGAIN
    return Probed([Finding("robot", well=False, message=reason, mend=mend)])


def settle_probe(intent: Intent, answer: Answer) -> None:
    """Keep what was found."""
    now, lost = clock.now(), Probed((Finding("query", well=False, message=NO_ANSWER),))
    found = answer.value if isinstance(answer, Done) else lost
    trying.record_test(intent.subject_id, found.findings, now=now)
    record_faults(found.faults, now=now)


# A message to whoever tries it -----------------------------------------------------------------------------------

VALUES = {"number": "7H2K", "title": "A", "amount": "19.90 CNY", "digits": "123456", "minutes": "10", "count": "1"}


@dataclass(frozen=True)
class Sample:
    """A message with made-up values, and the one line it goes by."""

    message: Message
    line: Line


def load_samples(intents: Sequence[Intent]) -> Mapping[UUID, Sample]:
    """Return the messages for a test that have not left yet."""
    found = {intent.id: db.find(CarrierTrial, intent.subject_id) for intent in intents}
    waiting = {number: row for number, row in found.items() if row and row.state is TrialState.ASKED}
    return {number: Sample(_sample(row), queries.way_of(row.carrier_id)) for number, row in waiting.items()}


def _sample(trial: CarrierTrial) -> Message:
    shop, until = " ".join(merchants.current().name.split()), f"{clock.now():%Y-%m-%d}"
    values = VALUES | {"shop": shop, "until": until}
    return Message(trial.id, trial.about, trying.address_of(trial), trial.lang, shop, f"{shop}: OK", values)


def call_sample(sample: Sample, http: Client) -> Answer:
    """Hand a message for a test to its one carrier."""
    return Done(carry(sample.message, [sample.line], http))


def settle_sample(intent: Intent, answer: Answer) -> None:
    """Record what became of it, and whether its carrier is out of order."""
    now = clock.now()
    trip = answer.value if isinstance(answer, Done) else Trip(answer)
    reason, number = str(getattr(trip.answer, "reason", "")), trip.number
    match trip.answer:
        case Done():
            state = TrialState.TAKEN
        case Unknown():
            state = TrialState.UNKNOWN
        case GaveUp(unknown=unknown):
            state = TrialState.UNKNOWN if unknown else TrialState.FAILED
        case _:
            state = TrialState.FAILED
    trying.record_trial(intent.subject_id, state, reason=reason, number=number, now=now)
    if state is TrialState.TAKEN and trip.carrier_id is not None:
        inquiring.ask_after(trip.carrier_id, number, now=now)
    record_faults(trip.faults, now=now)


KINDS = (
    circular(NOTE_MAIL, "messages/stock", load_notes),
    *(_robot(name) for name in EFFECTS.values()),
    *inquiring.KINDS,
    Kind(trying.PROBE, load_probes, call_probe, settle_probe, client=Client, repeatable=True),
    Kind(trying.TRIAL, load_samples, call_sample, settle_sample, client=Client, lane=Lane.SMS),
)
