"""Questions about messages to the staff."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, literal, select

from app.kit import db
from app.kit.few import no_index
from app.kit.listing import Listing
from app.kit.party import Account as Account
from app.kit.party import Field as Field
from app.kit.party import Forged as Forged
from app.kit.party import Reply as Reply
from app.kit.party import Wire as Wire
from app.messages.carrying import AFTERLIFE as AFTERLIFE
from app.messages.carrying import Line as Line
from app.messages.carrying import all_lines as all_lines
from app.messages.carrying import carries as carries
from app.messages.carrying import line as line_of
from app.messages.carrying import lines as lines
from app.messages.carrying import resting as resting
from app.messages.errors import Retired
from app.messages.models import IN_ORDER, CarrierTemplate, NotesSeen, Robot, RobotNote
from app.messages.models import Carrier as Carrier
from app.messages.models import CarrierTrial as CarrierTrial
from app.messages.models import StaffNote as StaffNote
from app.messages.models import TrialState as TrialState
from app.messages.naming import asks_itself as asks_itself
from app.messages.naming import namer as namer
from app.messages.naming import templates_to_allow as templates_to_allow
from app.messages.providers import Channel as Channel
from app.messages.providers import Greets as Greets
from app.messages.providers import Message as Message
from app.messages.providers import Provider as Provider
from app.messages.providers import Receipt as Receipt
from app.messages.providers import TellsReceipts as TellsReceipts
from app.messages.providers import Template as Template
from app.messages.providers import WantsConsent as WantsConsent
from app.messages.providers import names
from app.messages.providers import provider as provider
from app.messages.rules import VALUES_OF as VALUES_OF

NOTE_MAIL = "messages.note_mail"
RECEIPTS = "receipts"  # the kind of an address to which carriers push
EVER = datetime(2000, 1, 1, tzinfo=UTC)
MANY = 100  # unread ones beyond that are not counted

NOTES = Listing(query=lambda: select(StaffNote), keys=(StaffNote.id,))

NOTE, SEEN = StaffNote.__table__.c, NotesSeen.__table__.c
EVER_AGO = literal(EVER, NOTE.at.type)
_seen = select(SEEN.at).where(SEEN.merchant_id == bindparam("merchant"), SEEN.user_id == bindparam("user"))
_some = (
    select(NOTE.id)
    .where(NOTE.merchant_id == bindparam("merchant"), NOTE.at > func.coalesce(_seen.scalar_subquery(), EVER_AGO))
    .limit(MANY)
)
UNREAD = select(func.count()).select_from(_some.subquery())  # asked with every page of the office, so it is made once


def count_unread(user_id: UUID) -> int:
    """Count the notes that came since somebody last read them, up to MANY."""
    return db.session().scalar(UNREAD, {"merchant": db.merchant_id(), "user": user_id}) or 0


def read_until(user_id: UUID) -> datetime:
    """Return until when somebody has read."""
    seen = db.find(NotesSeen, user_id)
    return seen.at if seen else EVER


def last_of(kind: str) -> datetime:
    """Return when the staff were last left a note of a kind."""
    return db.session().scalar(select(func.max(StaffNote.at)).where(StaffNote.kind == kind)) or EVER


def facts_of(note: StaffNote) -> dict[str, Any]:
    """Return the plain values of a note."""
    facts: dict[str, Any] = json.loads(note.facts)
    return facts


def carried_channels() -> set[Channel]:
    """Return the channels by which somebody carries messages, though maybe not just now: one that rests comes back."""
    return set(db.session().scalars(select(Carrier.channel).where(*IN_ORDER).distinct()))


# Robots ----------------------------------------------------------------------------------------------------------

ROBOTS = (Channel.WECOM_ROBOT, Channel.DINGTALK_ROBOT)


@dataclass(frozen=True)
class RobotShown:
    """A robot: which party and group it is, whether it is in order, what it leaves out, and how many notes wait."""

    carrier: Carrier
    party: str
    group: str
    silent: frozenset[str]
    waiting: int
    spoke_at: datetime | None


def list_robots() -> list[RobotShown]:
    """List the robots of the shop, those in order and those out of it."""
    mine = (Carrier.channel.in_(ROBOTS), Carrier.retired_at.is_(None))
    query = select(Carrier).where(*mine).order_by(Carrier.channel, Carrier.position, Carrier.id)
    carriers = db.session().scalars(query).all()
    robots = {row.carrier_id: row for row in db.session().scalars(select(Robot))}
    counted = select(RobotNote.carrier_id, func.count()).group_by(RobotNote.carrier_id)
    waiting = {row[0]: row[1] for row in db.session().execute(counted)}
    return [_robot(row, robots.get(row.id), waiting.get(row.id, 0)) for row in carriers]


def _robot(carrier: Carrier, robot: Robot | None, waiting: int) -> RobotShown:
    silent, spoke_at = (frozenset(robot.silent), robot.spoke_at) if robot else (frozenset[str](), None)
    title, group = provider(carrier.provider).title, carrier.title or carrier.account
    return RobotShown(carrier, title, group, silent, waiting, spoke_at)


def fields_of(name: str) -> tuple[Sequence[Field], str]:
    """Return what a party asks for, and which of it is our number there."""
    party = provider(name)
    return party.fields, party.numbered_by


# Carriers --------------------------------------------------------------------------------------------------------

LATEST = 5  # messages for a test that a page shows


def list_providers() -> list[Provider]:
    """List the parties that can be connected here, by channel."""
    return sorted((provider(name) for name in names()), key=lambda party: party.channel)


def find_provider(name: str) -> Provider | None:
    """Return the party of this name, if there is one here."""
    return provider(name) if name in names() else None


def list_carriers() -> Sequence[Carrier]:
    """List every carrier that people connected, in use or not, by channel and in the order they are asked."""
    mine = select(Carrier).where(Carrier.retired_at.is_(None))
    return db.session().scalars(mine.order_by(Carrier.channel, Carrier.position, Carrier.id)).all()


def list_retired(*, now: datetime) -> Sequence[Carrier]:
    """List the carriers that were removed and may still tell of what they have, the latest first."""
    mine = select(Carrier).where(Carrier.retired_at > now - AFTERLIFE)
    return db.session().scalars(mine.order_by(Carrier.retired_at.desc(), Carrier.id)).all()


def heard_until(carrier: Carrier) -> datetime | None:
    """Return until when the receipts of a carrier that was removed are taken."""
    return carrier.retired_at + AFTERLIFE if carrier.retired_at else None


def is_heard(carrier_id: UUID, token: str, *, now: datetime) -> bool:
    """Tell whether what comes to an address is from a carrier, or no more."""
    carrier = db.get(Carrier, carrier_id)
    until = carrier.former_until if token == carrier.former_token else None
    ends = [end for end in (until, heard_until(carrier)) if end]
    return token in (carrier.hook_token, carrier.former_token) and all(end > now for end in ends)


def is_last(carrier: Carrier) -> bool:
    """Tell whether messages to people go by a carrier, and by no other of its channel."""
    if carrier.channel in ROBOTS or not carrier.enabled or carrier.alarm:
        return False
    others = (Carrier.channel == carrier.channel, *IN_ORDER, Carrier.id != carrier.id)
    return db.session().scalar(select(Carrier.id).where(*others).limit(1)) is None


def get_carrier(number: UUID | None) -> Carrier:
    """Return one carrier, removed or not, or refuse with NotFound."""
    return db.get(Carrier, number)


def get_connected(number: UUID | None) -> Carrier:
    """Return one carrier that was not removed, or refuse with NotFound or Retired."""
    carrier = db.get(Carrier, number)
    if carrier.retired_at is not None:
        raise Retired
    return carrier


def templates_of(carrier_id: UUID) -> dict[tuple[str, str], Template]:
    """Return the templates that a carrier's party approved, by what they are about and language."""
    rows = db.session().scalars(select(CarrierTemplate).where(CarrierTemplate.carrier_id == carrier_id))
    return {
        (row.about, row.lang): Template(row.code, tuple((str(theirs), str(ours)) for theirs, ours in row.variables))
        for row in rows
    }


def label_of(field: str) -> str:
    """Return what a field of an account is called, whichever party asks for it; its name where none does."""
    fields = (each for name in names() for each in provider(name).fields)
    return next((each.label for each in fields if each.name == field), field)


def list_trials(carrier_id: UUID) -> Sequence[CarrierTrial]:
    """List the latest messages that a carrier was given for a test, the newest first."""
    mine = select(CarrierTrial).where(CarrierTrial.carrier_id == carrier_id)
    return db.session().scalars(mine.order_by(no_index(CarrierTrial.id).desc()).limit(LATEST)).all()


def way_of(carrier_id: UUID) -> Line:
    """Return the line to a carrier with its texts, in order or not."""
    return line_of(db.get(Carrier, carrier_id), templates_of(carrier_id))
