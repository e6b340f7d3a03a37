"""Outside calls of members: the digits of a one-time code, by letter or by SMS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.kit import clock, db
from app.kit.effects import Answer, Done, Intent, Kind, Lane, Temporary
from app.kit.http import Client
from app.kit.letters import Posted, letter
from app.kit.onetime import CODE_MINUTES, digits_of
from app.members.contacts import unseal
from app.members.models import Channel, MemberCode
from app.members.service.signing import KINDS as NAMES
from app.merchants import queries as merchants
from app.messages import queries as messages
from app.messages import service as carrying
from app.messages.service import Line, Message

SECONDS = 5.0
NOBODY_CARRIES = "no carrier is in order just now"


def load_letters(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters with codes that are still good."""
    shop = merchants.current()
    return {
        number: Posted(number, unseal("member_code", code), code.lang, _facts(code, shop), digits_of(code.id))
        for number, code in _good(intents).items()
    }


def _facts(code: MemberCode, shop: merchants.Profile) -> dict[str, Any]:
    return {
        "shop": " ".join(shop.name.split()),
        "slug": shop.slug,
        "zone": shop.zone,
        "adds": code.member_id is not None,
        "asked_at": code.created_at,
        "agent": code.agent,
        "network": code.network,
        "minutes": CODE_MINUTES,
    }


def _good(intents: Sequence[Intent]) -> dict[UUID, MemberCode]:
    """Return the codes that may still be typed, by intent."""
    ids = [intent.subject_id for intent in intents]
    good = (MemberCode.id.in_(ids), MemberCode.used_at.is_(None), MemberCode.expires_at > clock.now())
    found = {code.id: code for code in db.session().scalars(select(MemberCode).where(*good))}
    return {intent.id: found[intent.subject_id] for intent in intents if intent.subject_id in found}


@dataclass(frozen=True)
class Text:
    """A message with a code, and by whom it may go."""

    message: Message
    ways: Sequence[Line]


def load_texts(intents: Sequence[Intent]) -> Mapping[UUID, Text]:
    """Return the messages with codes that are still good."""
    shop, codes = " ".join(merchants.current().name.split()), _good(intents)
    ways = messages.lines(Channel.SMS, now=clock.now()) if codes else []
    return {number: Text(_message(number, code, shop), ways) for number, code in codes.items()}


def _message(number: UUID, code: MemberCode, shop: str) -> Message:
    digits = digits_of(code.id).expose()
    values = {"shop": shop, "digits": digits, "minutes": str(CODE_MINUTES)}
    return Message(number, "code", unseal("member_code", code), code.lang, shop, f"{shop}: {digits}", values)


def call_text(text: Text, http: Client) -> Answer:
    """Hand a code to the first carrier that takes it; while none is in order it waits."""
    if not text.ways:
        return Temporary(NOBODY_CARRIES)
    trip = carrying.carry(text.message, text.ways, http)
    return Done(trip) if isinstance(trip.answer, Done) else carrying.answer_of(trip)


def settle_text(intent: Intent, answer: Answer) -> None:
    """Let carriers rest that could not do their work; of the code itself nothing is to be written down."""
    carrying.record_faults(carrying.faults_of(answer), now=clock.now())


TEXT = Kind(
    NAMES[Channel.SMS],
    load_texts,
    call_text,
    settle_text,
    client=partial(Client, SECONDS),
    repeatable=True,  # the same digits twice do less harm than none
    lane=Lane.SMS,
)
KINDS = (letter(NAMES[Channel.EMAIL], "members/code", load_letters), TEXT)
