"""Outside calls of delivery by carriers: SMS and the chats, each channel by itself, so that none waits for another.

A message that may have arrived is asked about, and by nobody sent again: not by this channel and not by another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from app.delivery.contents import Posted, list_posted, list_waiting
from app.delivery.guide import QUIET, Guide
from app.delivery.models import About, Channel, State
from app.delivery.plan import PRIVATE, quiet_until
from app.delivery.rules import phone_number
from app.delivery.service import ending
from app.delivery.service.routing import KINDS as KINDS_OF
from app.kit import clock, http, mail
from app.kit.effects import Absent, Answer, Done, GaveUp, Intent, Kind, Lane, Refused, Temporary, Unknown
from app.kit.secret import Secret
from app.messages import queries as carriers
from app.messages import service as messages
from app.messages.queries import Line, Message, Receipt
from app.messages.service import Fault, Trip

log = structlog.get_logger()
LANES = {Channel.SMS: Lane.SMS}
ABREAST = 8  # a carrier takes a tenth of a second over a message, and hundreds of messages a second


@dataclass(frozen=True)
class Borne:
    """A message, and the lines by which it may go, or may have gone."""

    posted: Posted
    ways: Sequence[Line]
    all_ways: Sequence[Line]  # those that may have it already: its own carrier's, or all while nobody knows whose
    number: str
    waits: str = ""  # why it does not go just now


@dataclass(frozen=True)
class TakenOver(ending.Taken):
    """A carrier has it; some before it could not take it."""

    faults: Sequence[Fault] = ()


def load(channel: Channel, intents: Sequence[Intent]) -> Mapping[UUID, Borne]:
    """Return the messages of a channel that have not left yet or may have, each with how its order stands now."""
    now, waiting = clock.now(), list_waiting(intents, {State.QUEUED, State.UNKNOWN})
    posted = list_posted(waiting.values())
    ways, all_ways = carriers.lines(channel, now=now), carriers.all_lines(channel, now=now)
    guide, rests = Guide(), carriers.resting(channel, ways)
    found = {}
    for number, row in waiting.items():
        quiet = quiet_until(guide.plan, channel, row.about, asked=row.asked, at=now, zone=guide.zone)
        own = [way for way in all_ways if row.carrier_id in (None, way.carrier_id)]
        found[number] = Borne(posted[row.id], ways, own, row.number, QUIET if quiet else rests)
    return found


def call(borne: Borne, client: http.Client) -> Answer:
    """Write a message and hand it to the first carrier that takes it."""
    posted = borne.posted
    if posted.facts is None:
        return Done()
    if borne.waits:
        return Temporary(borne.waits)
    if posted.to is None:
        return Temporary("the contact cannot be opened, for its key is missing")
    try:
        message = _written(posted, posted.to, posted.facts)
    except Exception as error:
        log.exception("delivery.not_written", delivery=str(posted.told.delivery_id))
        return Temporary(f"the message cannot be written: {type(error).__name__}")
    if not message.to.expose():
        return Refused("the contact is no phone number")
    return _answer(posted.told, messages.carry(message, borne.ways, client))


def query(borne: Borne, client: http.Client) -> Answer:
    """Ask those carriers that may have a message already; only what all of them never had may be sent."""
    if borne.posted.to is None:
        return Temporary("the contact cannot be opened, for its key is missing")
    blank = _message(borne.posted, _address(borne.posted, borne.posted.to), "", "", {}, "")
    trip = messages.ask_about(blank, borne.number, borne.all_ways, client)
    return trip.answer if isinstance(trip.answer, Absent) else _answer(borne.posted.told, trip, borne.number)


def _answer(told: ending.Told, trip: Trip, known: str = "") -> Answer:
    """Return how a trip ended together with what was learned of the carriers on the way."""
    match trip.answer:
        case Done(value) if trip.carrier_id is not None:
            receipt = value if isinstance(value, Receipt) else None
            number = getattr(value, "number", "") or known
            return Done(TakenOver(told, trip.carrier_id, number, receipt, trip.faults))
    return messages.answer_of(trip)


def settle(intent: Intent, answer: Answer) -> None:
    """Record how a message ended, or why it has not left yet, and which carriers are out of order."""
    now, number = clock.now(), intent.subject_id
    match answer:
        case Done(None):
            ending.record_dropped(number)
        case Done(taken):
            _settle_taken(taken)
        case Refused(reason):
            ending.record_failed(number, reason=reason, unknown=False, now=now)
        case GaveUp(reason, unknown):
            ending.record_failed(number, reason=reason, unknown=unknown, now=now)
        case Temporary(reason):
            ending.record_delay(number, reason=reason)
        case Unknown(reason):
            ending.record_doubt(number, reason=reason, carrier_id=getattr(answer, "carrier_id", None), now=now)
    messages.record_faults(messages.faults_of(answer), now=now)


def _settle_taken(taken: TakenOver) -> None:
    now, receipt = clock.now(), taken.receipt
    if receipt is not None and not taken.number and not receipt.arrived:
        ending.record_failed(taken.told.delivery_id, reason=receipt.reason, unknown=False, now=now)
        return
    ending.record_taken(taken, now=now)
    if receipt is None:
        messages.ask_after(taken.carrier_id, taken.number, now=now)


# What it says ----------------------------------------------------------------------------------------------------


def _written(posted: Posted, to: Secret, facts: Mapping[str, Any]) -> Message:
    digits = {name: secret.expose() for name, secret in posted.secrets.items() if name == "digits"}
    about = posted.told.about.name.lower()
    brief = mail.write(f"delivery/brief/{about}", to="", lang=posted.lang, facts={**facts, **digits})
    values = _values(posted.told.channel, facts) | digits
    return _message(posted, _address(posted, to), brief.subject, brief.text.strip(), values, _url(posted, facts))


def _message(posted: Posted, to: Secret, title: str, text: str, values: Mapping[str, str], url: str) -> Message:
    told = posted.told
    return Message(told.delivery_id, told.about.name.lower(), to, posted.lang, title, text, values, url)


def _address(posted: Posted, to: Secret) -> Secret:
    """Return an address as the carriers of its channel know it; empty where it is none."""
    return Secret(phone_number(to.expose())) if posted.told.channel is Channel.SMS else to


def _values(channel: Channel, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return what an approved template may be filled with; by SMS, which others may read, little of it."""
    amount, until = facts.get("back", facts["total"]), facts["until"]
    titles = [title for title, _ in facts["lines"]]
    return {
        "shop": facts["shop"],
        "number": facts["number"][-4:] if channel is Channel.SMS else facts["number"],
        "title": titles[0] if titles else "",
        "amount": f"{amount.major} {amount.currency}",
        "until": f"{until.astimezone(ZoneInfo(facts['zone'])):%Y-%m-%d %H:%M}" if until else "",
        "minutes": str(facts["minutes"]),
        "count": str(sum(quantity for _, quantity in facts["lines"])),
    }


def _url(posted: Posted, facts: Mapping[str, Any]) -> str:
    """Return where a message leads: by a private channel to the masked order, by SMS nowhere."""
    told = posted.told
    if told.channel not in PRIVATE or told.about is About.CODE:
        return ""
    token = posted.secrets.get("token")
    if token is not None:
        return mail.link("shop_at.door", shop=facts["slug"], link=token.expose())
    return mail.link("shop_at.lookup", shop=facts["slug"])


def _kind(channel: Channel) -> Kind:
    lane = LANES.get(channel, Lane.CHAT)
    ways = (partial(load, channel), call, settle)
    return Kind(KINDS_OF[channel], *ways, query=query, client=http.Client, lane=lane, abreast=ABREAST)


KINDS = tuple(_kind(channel) for channel in KINDS_OF if channel is not Channel.EMAIL)
