"""Retiring: a carrier that is removed takes nothing new, still tells for a while of what it has, and is then forgotten.

The address to which its receipts come can be changed; the one before works beside it for a day. A watch tidies up what
is over, but nobody waits for it: what counts are the times.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from app.kit import clock, crypto, db, tasks
from app.kit.errors import Invalid
from app.kit.events import By, publish
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.merchants import service as addresses
from app.messages import queries
from app.messages.carrying import AFTERLIFE, CREDENTIALS
from app.messages.errors import LastOfChannel, Retired
from app.messages.events import CarrierChanged, CarrierRetired
from app.messages.models import Carrier, CarrierInquiry, CarrierTemplate, CarrierToken, Robot, RobotNote
from app.messages.queries import RECEIPTS

OVERLAP = timedelta(hours=24)  # both addresses work, until the new one is entered at the other side
TIDY = "messages.tidy"
NOTHING = Secret("{}")
LEFTOVERS = (CarrierInquiry, CarrierToken, CarrierTemplate, RobotNote, Robot)


def retire_carrier(carrier_id: UUID, *, even_last: bool, now: datetime, by: By) -> None:
    """Let nothing new go by a carrier, for good; receipts are taken, and it is asked, until its afterlife is over.

    Raises Invalid while nobody else carries messages of its channel, unless `even_last` says that this is meant.
    """
    carrier = queries.get_connected(carrier_id)
    if queries.is_last(carrier) and not even_last:
        raise Invalid({"even_last": LastOfChannel()})
    mine = update(Carrier).where(Carrier.id == carrier.id, Carrier.retired_at.is_(None))
    if not db.changed(mine.values(retired_at=now, enabled=False, alarm="", rests_until=None)):
        raise Retired
    db.session().execute(delete(RobotNote).where(RobotNote.carrier_id == carrier.id))
    tasks.wake(TIDY, now + AFTERLIFE)
    publish(CarrierRetired(subject_id=carrier.id, channel=carrier.channel.name.lower(), at=now, by=by))


def change_hook(carrier_id: UUID, *, now: datetime, by: By) -> None:
    """Give a carrier another address for its receipts; the one before works a day longer, any older one no more."""
    carrier = queries.get_connected(carrier_id)
    _delist(carrier.former_token)
    carrier.former_token, carrier.former_until = carrier.hook_token, now + OVERLAP
    carrier.hook_token = random_token()
    addresses.list_address(RECEIPTS, carrier.hook_token, target=carrier.id.hex)
    tasks.wake(TIDY, now + OVERLAP)
    publish(CarrierChanged(subject_id=carrier.id, changed=["hook"], at=now, by=by))


def end_former_hook(carrier_id: UUID, *, now: datetime, by: By) -> None:
    """Let the former address of a carrier work no longer, at once."""
    carrier = queries.get_connected(carrier_id)
    if carrier.former_token:
        _end_former(carrier)
        publish(CarrierChanged(subject_id=carrier.id, changed=["former_hook"], at=now, by=by))


# What is over ----------------------------------------------------------------------------------------------------


def tidy(_: UUID) -> tasks.Step:
    """Forget former addresses that work no more, and all that opened the accounts of carriers that are over."""
    now = clock.now()
    rows = db.session().scalars(select(Carrier).where(Carrier.hook_token != "").order_by(Carrier.id)).all()
    for carrier in rows:
        if carrier.former_until and carrier.former_until <= now:
            _end_former(carrier)
        if carrier.retired_at and carrier.retired_at + AFTERLIFE <= now:
            _forget(carrier)
    waiting = [until for row in rows for until in (row.former_until, _end_of(row)) if until]
    return tasks.Step(finished=True, done=len(rows), again_at=min(waiting, default=None))


def _end_of(carrier: Carrier) -> datetime | None:
    return carrier.retired_at + AFTERLIFE if carrier.retired_at and carrier.hook_token else None


def _forget(carrier: Carrier) -> None:
    _end_former(carrier)
    _delist(carrier.hook_token)
    key = crypto.key_for(CREDENTIALS)
    carrier.hook_token = carrier.receipts_url = ""
    carrier.key_id, carrier.credentials = key.id, key.seal("carrier", "credentials", carrier.id, NOTHING)
    for table in LEFTOVERS:
        db.session().execute(delete(table).where(table.carrier_id == carrier.id))


def _end_former(carrier: Carrier) -> None:
    _delist(carrier.former_token)
    carrier.former_token, carrier.former_until = "", None


def _delist(token: str) -> None:
    if token:
        addresses.delist_address(RECEIPTS, token)
