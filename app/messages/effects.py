"""Outside calls of messages: letters to who owns the shop, and what robots tell groups of the staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from app.accounts import queries as accounts
from app.kit import chat, clock, db
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Lane, Temporary, Unknown
from app.kit.http import Client
from app.kit.ids import public
from app.kit.letters import Posted, circular
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.messages import robots
from app.messages.carrying import Line, carry, line
from app.messages.models import Carrier, RobotNote, StaffNote
from app.messages.providers import Message
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


KINDS = (circular(NOTE_MAIL, "messages/stock", load_notes), *(_robot(name) for name in EFFECTS.values()))
