"""Carrying: a message is handed to the first carrier of its channel that is in order, and to the next when it is not.

`lines` is asked in a read unit and `carry` called with no unit open, by effects of whoever has something to tell;
`record_faults` is for the unit that settles them. What a message says is the teller's business, how it travels is ours.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from app.kit import clock, crypto, db
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.events import publish
from app.kit.http import Client
from app.kit.party import Account
from app.kit.secret import Secret
from app.messages import consents, limits
from app.messages.events import CarrierFailed
from app.messages.models import IN_ORDER, Carrier, CarrierTemplate
from app.messages.providers import (
    Carried,
    Channel,
    Later,
    Message,
    NoConsent,
    OutOfOrder,
    Template,
    WantsConsent,
    provider,
)
from app.messages.tokens import Purse, purse_of

CREDENTIALS = "carrier credentials"
RESTING = "all carriers of this channel rest"
NO_CARRIER = "nobody carries messages of this channel"
NO_ONE_TO_ASK = "the carrier that may have it is connected no more"
NO_CONSENT = "no consent to such a message is left"
NO_TEMPLATE = "no template is set for this message"
AFTERLIFE = timedelta(days=30)  # of a carrier that was removed: it may still say, or be asked, what became of messages
TOO_OFTEN = "this number was sent codes too often"
DIGITS = "code"  # what a message with a one-time code is about


@dataclass(frozen=True)
class Line:
    """An open line to a carrier, with the templates that were approved there by what they are about and language."""

    carrier_id: UUID
    provider: str
    account: Account
    templates: Mapping[tuple[str, str], Template]
    purse: Purse
    merchant_id: int = 0

    def asked(self, http: Client, ask: Callable[[Account], Answer]) -> Answer:
        """Return the answer to what is asked in the name of our account, with a token where the party wants one."""
        return self.purse.asked(provider(self.provider), self.account, http, ask)

    def template_for(self, message: Message) -> Template | None:
        """Return the template for a message, in any language when there is none in its own."""
        return self.template_about(message.about, message.lang)

    def template_about(self, about: str, lang: str) -> Template | None:
        """Return the template for something in a language, or in any."""
        own = self.templates.get((about, lang))
        return own or next((each for (known, _), each in self.templates.items() if known == about), None)


@dataclass(frozen=True)
class Fault:
    """A carrier that could not do its work: it is out of order for good, or rests for a time."""

    carrier_id: UUID
    reason: str
    seconds: float | None = None  # None: until somebody mends it


@dataclass(frozen=True)
class Trip:
    """How a message went: the answer, who gave it, and the carriers that were found out of order on the way."""

    answer: Answer
    carrier_id: UUID | None = None
    faults: Sequence[Fault] = ()

    @property
    def number(self) -> str:
        """Return what the carrier calls the message, once it has it."""
        value = self.answer.value if isinstance(self.answer, Done) else None
        return value.number if isinstance(value, Carried) else ""


@dataclass(frozen=True)
class TookNot(Refused):
    """Nobody takes it; some could not take anything."""

    faults: Sequence[Fault] = ()


@dataclass(frozen=True)
class Waits(Temporary):
    """Nobody takes it just now; some rest."""

    faults: Sequence[Fault] = ()


@dataclass(frozen=True)
class InDoubt(Unknown):
    """This carrier may have it."""

    faults: Sequence[Fault] = ()
    carrier_id: UUID | None = None


def answer_of(trip: Trip) -> Answer:
    """Return how a trip ended together with what was learned of carriers on the way; who rests may take it yet."""
    match trip.answer:
        case Refused(reason) if any(fault.seconds is not None for fault in trip.faults):
            return Waits(reason, trip.faults)
        case Refused(reason):
            return TookNot(reason, trip.faults)
        case Temporary(reason):
            return Waits(reason, trip.faults)
        case Unknown(reason):
            return InDoubt(reason, trip.faults, trip.carrier_id)
    return trip.answer


def faults_of(answer: Answer) -> Sequence[Fault]:
    """Return what was learned of carriers on the way to an answer."""
    value = answer.value if isinstance(answer, Done) else answer
    faults: Sequence[Fault] = getattr(value, "faults", ())
    return faults


def resting(channel: Channel, ways: Sequence[Line]) -> str:
    """Return why a message of a channel waits that somebody carries, but nobody just now; "" when it may go."""
    if ways:
        return ""
    return RESTING if carries(channel) else ""


def carries(channel: Channel, *, account: str = "") -> bool:
    """Tell whether a carrier of a channel is in order, or only rests; by this account of ours if one is named."""
    mine = [Carrier.channel == channel, *IN_ORDER]
    mine += [Carrier.account == account] if account else []
    return db.session().scalar(select(Carrier.id).where(*mine).limit(1)) is not None


def lines(channel: Channel, *, now: datetime) -> list[Line]:
    """Return the lines to the carriers of a channel that are in order, first to last."""
    awake = or_(Carrier.rests_until.is_(None), Carrier.rests_until <= now)
    return _lines(Carrier.channel == channel, *IN_ORDER, awake)


def all_lines(channel: Channel, *, now: datetime) -> list[Line]:
    """Return the lines to all carriers of a channel, in order, out of it or removed: one may have a message already."""
    return _lines(Carrier.channel == channel, or_(Carrier.retired_at.is_(None), Carrier.retired_at > now - AFTERLIFE))


def _lines(*mine: ColumnElement[bool]) -> list[Line]:
    carriers = db.session().scalars(select(Carrier).where(*mine).order_by(Carrier.position, Carrier.id)).all()
    if not carriers:
        return []
    rows = select(CarrierTemplate).where(CarrierTemplate.carrier_id.in_([carrier.id for carrier in carriers]))
    texts: dict[UUID, dict[tuple[str, str], Template]] = {carrier.id: {} for carrier in carriers}
    for row in db.session().scalars(rows):
        pairs = tuple((str(theirs), str(ours)) for theirs, ours in row.variables)
        texts[row.carrier_id][row.about, row.lang] = Template(row.code, pairs)
    return [line(carrier, texts[carrier.id]) for carrier in carriers]


def line(carrier: Carrier, templates: Mapping[tuple[str, str], Template] | None = None) -> Line:
    """Return the open line to one carrier."""
    place = crypto.Sealed(
        "carrier", "credentials", carrier.merchant_id, carrier.id, carrier.key_id, carrier.credentials
    )
    keys: dict[str, Any] = json.loads(crypto.unseal(place, CREDENTIALS).expose() or "{}")
    account = Account(carrier.account, carrier.settings, {name: Secret(key) for name, key in keys.items()})
    purse = purse_of(carrier.id, provider(carrier.provider))
    return Line(carrier.id, carrier.provider, account, templates or {}, purse, carrier.merchant_id)


def carry(message: Message, ways: Sequence[Line], http: Client) -> Trip:
    """Hand a message to the first carrier that takes it; only who certainly did not take it is followed by another.

    What nobody can carry is Refused, so that whoever tells may take another channel; so is one code too many by SMS.
    """
    if not _is_limited(message, ways):
        return _carry(message, ways, http)
    merchant, now = ways[0].merchant_id, clock.now()
    if not db.read(merchant, lambda: limits.may_send(message.key, message.to, now=now)):
        return Trip(Refused(TOO_OFTEN))
    trip = _carry(message, ways, http)
    if isinstance(trip.answer, Done | Unknown):
        db.write(merchant, lambda: limits.count_sent(message.key, message.to, now=now))
    return trip


def _is_limited(message: Message, ways: Sequence[Line]) -> bool:
    return message.about == DIGITS and bool(ways) and provider(ways[0].provider).channel is Channel.SMS


def _carry(message: Message, ways: Sequence[Line], http: Client) -> Trip:
    faults: list[Fault] = []
    answer: Answer = Refused(NO_CARRIER)
    for way in ways:
        party, template = provider(way.provider), way.template_for(message)
        if party.needs_template and template is None:
            answer = Refused(NO_TEMPLATE)
            continue
        send = partial(way.asked, http, partial(party.send, message, template, http=http))
        answer = _bought(message, template, way, send) if template and isinstance(party, WantsConsent) else send()
        match answer:
            case OutOfOrder(reason=reason):
                faults.append(Fault(way.carrier_id, reason))
            case Later(reason=reason, seconds=seconds):
                faults.append(Fault(way.carrier_id, reason, seconds))
            case _:
                return Trip(answer, way.carrier_id, tuple(faults))
    return Trip(_plain(answer), None, tuple(faults))


def _bought(message: Message, template: Template, way: Line, send: Callable[[], Answer]) -> Answer:
    """Spend the consent that a message costs and send it; what certainly did not go gives the consent back."""
    merchant, mine = way.merchant_id, (message.to, template.code)
    if not db.write(merchant, lambda: consents.spend_consent(*mine)):
        return Refused(NO_CONSENT)
    answer = send()
    if isinstance(answer, NoConsent):
        db.write(merchant, lambda: consents.drop_consents(*mine))
    elif isinstance(answer, Refused | Temporary):
        db.write(merchant, lambda: consents.give_back(*mine))
    return answer


def ask_about(message: Message, number: str, ways: Sequence[Line], http: Client) -> Trip:
    """Ask the carriers that may have a message what became of it; Absent only when each says it never had it."""
    doubt: Answer = Absent() if ways else Unknown(NO_ONE_TO_ASK)
    for way in ways:
        answer = way.asked(http, partial(_stand_of, message, number, way, http))
        if isinstance(answer, Done):
            return Trip(answer, way.carrier_id)
        if not isinstance(answer, Absent):
            doubt = answer if isinstance(answer, Temporary | Unknown) else Unknown(_reason(answer))
    return Trip(doubt)


def _stand_of(message: Message, number: str, way: Line, http: Client, account: Account) -> Answer:
    return provider(way.provider).query(number, message, account, http)


def record_faults(faults: Sequence[Fault], *, now: datetime) -> None:
    """Let carriers rest that could not do their work; what is out of order waits for somebody to mend it."""
    broken = []
    for fault in faults:
        mine = update(Carrier).where(Carrier.id == fault.carrier_id, Carrier.retired_at.is_(None))
        if fault.seconds is not None:
            db.changed(mine.values(rests_until=now + timedelta(seconds=fault.seconds)))
        elif db.changed(mine.where(Carrier.alarm == "").values(alarm=fault.reason)):
            broken.append(CarrierFailed(subject_id=fault.carrier_id, reason=fault.reason, at=now))
    publish(*broken)


def _plain(answer: Answer) -> Answer:
    """Return an answer as the runner of effects knows it: what waits is tried again, what is broken was refused."""
    if isinstance(answer, Later):
        return Temporary(answer.reason)
    return Refused(answer.reason) if isinstance(answer, OutOfOrder) else answer


def _reason(answer: Answer) -> str:
    return str(getattr(answer, "reason", ""))
