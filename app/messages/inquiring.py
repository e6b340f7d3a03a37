"""Inquiring: what became of messages whose carrier says nothing by itself, asked until it knows or a day is over.

What it answers counts as if the carrier had told us.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.kit import clock, db, effects
from app.kit.effects import Answer, Done, Intent, Kind, Lane, Temporary, Unknown
from app.kit.events import publish
from app.kit.http import Client
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.messages import queries, trying
from app.messages.carrying import Line, ask_about, line
from app.messages.events import ChatFailed
from app.messages.models import Carrier, CarrierInquiry
from app.messages.providers import Message, MustBeAsked, Receipt, provider

INQUIRY = "messages.inquiry"
LIFE = timedelta(hours=24)
STILL_OUT = "it is not known there yet"


@dataclass(frozen=True)
class Inquiry:
    """A message to ask about, and the line to the carrier that has it."""

    number: str
    line: Line


def ask_after(
    carrier_id: UUID, number: str, *, now: datetime, teller: str = "", subject_id: UUID | None = None
) -> None:
    """Have a carrier asked what became of a message that it took, once, if it never says so by itself.

    Whoever tells by a chat names its kind and subject, and hears by ChatFailed when it reached nobody.
    """
    party = provider(queries.get_carrier(carrier_id).provider)
    if not number or not isinstance(party, MustBeAsked):
        return
    asked, about = new_id(), {"teller": teller, "subject_id": subject_id}
    row = {"merchant_id": db.merchant_id(), "id": asked, "carrier_id": carrier_id, "number": number, "asked_at": now}
    if db.changed(db.insert_or(CarrierInquiry).values(row | about).on_conflict_do_nothing()):
        effects.intend(INQUIRY, asked, due_at=now + timedelta(seconds=party.asked_after), deadline=now + LIFE)


def load(intents: Sequence[Intent]) -> Mapping[UUID, Inquiry]:
    """Return the messages to ask about; of one that was forgotten with its carrier nobody asks."""
    found = {intent.id: db.find(CarrierInquiry, intent.subject_id) for intent in intents}
    return {
        number: Inquiry(row.number, line(db.get(Carrier, row.carrier_id)))
        for number, row in found.items()
        if row is not None
    }


def call(inquiry: Inquiry, http: Client) -> Answer:
    """Ask; whatever is no end of the message is asked again later."""
    blank = Message(inquiry.line.carrier_id, "", Secret(""), "", "", "")
    answer = ask_about(blank, inquiry.number, [inquiry.line], http).answer
    if isinstance(answer, Done) and isinstance(answer.value, Receipt):
        return answer
    return Temporary(str(getattr(answer, "reason", "")) or STILL_OUT)


def settle(intent: Intent, answer: Answer) -> None:
    """Take in what the carrier answered, as one of its receipts; or leave it at what is known."""
    row = db.find(CarrierInquiry, intent.subject_id)
    if row is None or isinstance(answer, Temporary | Unknown):
        return
    db.session().delete(row)
    if isinstance(answer, Done):
        receipt, now = answer.value, clock.now()
        trying.record_receipts(row.carrier_id, [receipt], now=now)
        if row.subject_id is not None and not receipt.arrived:
            publish(ChatFailed(subject_id=row.subject_id, teller=row.teller, reason=receipt.reason, at=now))


KINDS = (Kind(INQUIRY, load, call, settle, client=Client, repeatable=True, lane=Lane.CHAT),)
