"""Chatting: what a person of a company is told by one chat, as an outside call of whoever has something to tell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.kit import chat, clock
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Lane, Refused, Temporary
from app.kit.http import Client
from app.kit.secret import Secret
from app.messages.carrying import Line, Trip, answer_of, carry, faults_of, record_faults
from app.messages.inquiring import ask_after
from app.messages.providers import Message


@dataclass(frozen=True)
class Said:
    """What somebody is told, and by whom it may go."""

    key: UUID
    to: Secret
    lang: str
    facts: Mapping[str, Any]
    lines: Sequence[Line]
    token: Secret | None = None  # opens its link
    waits: str = ""  # why it does not go just now


def in_chat(
    name: str,
    template: str,
    load: Callable[[Sequence[Intent]], Mapping[UUID, Said]],
    settle: Callable[[Intent, bool], None],
) -> Kind:
    """Return the kind of a message that goes by one chat; said twice, the same words are one message there.

    `settle` hears whether it was taken; when it certainly was not, somebody may be told by another way. In doubt it
    hears nothing: it may have arrived. What was taken and reached nobody all the same is told by ChatFailed.
    """

    def call(said: Said, http: Client) -> Answer:
        return Temporary(said.waits) if said.waits else _tell(template, said, http)

    def settled(intent: Intent, answer: Answer) -> None:
        match answer:
            case Done(trip):
                settle(intent, True)
                _follow(trip, intent)
            case Refused() | GaveUp(unknown=False):
                settle(intent, False)
        record_faults(faults_of(answer), now=clock.now())

    return Kind(name, load, call, settled, client=Client, repeatable=True, lane=Lane.CHAT, door=name)


def _tell(template: str, said: Said, http: Client) -> Answer:
    secret = {"token": said.token.expose()} if said.token else {}
    words = chat.write(template, lang=said.lang, facts={**said.facts, **secret})
    about = template.rpartition("/")[2]
    message = Message(said.key, about, said.to, said.lang, words.title, words.text, url=words.url)
    trip = carry(message, said.lines, http)
    return Done(trip) if isinstance(trip.answer, Done) else answer_of(trip)


def _follow(trip: Trip, intent: Intent) -> None:
    """Have the carrier that took it asked what became of it."""
    if trip.carrier_id is not None:
        ask_after(trip.carrier_id, trip.number, now=clock.now(), teller=intent.kind, subject_id=intent.subject_id)
