"""What can be done with messages to the staff: leave a note, and say that one has read."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.kit import db, effects
from app.kit.ids import new_id
from app.messages.carrying import Fault as Fault
from app.messages.carrying import Line as Line
from app.messages.carrying import Trip as Trip
from app.messages.carrying import answer_of as answer_of
from app.messages.carrying import ask_about as ask_about
from app.messages.carrying import carry as carry
from app.messages.carrying import faults_of as faults_of
from app.messages.carrying import record_faults as record_faults
from app.messages.chatting import Said as Said
from app.messages.chatting import in_chat as in_chat
from app.messages.connecting import add_carrier as add_carrier
from app.messages.connecting import change_carrier as change_carrier
from app.messages.connecting import mend as mend
from app.messages.connecting import raise_carrier as raise_carrier
from app.messages.connecting import rename_carrier as rename_carrier
from app.messages.connecting import set_template as set_template
from app.messages.connecting import set_templates as set_templates
from app.messages.connecting import switch_carrier as switch_carrier
from app.messages.consents import grant_consent as grant_consent
from app.messages.consents import record_consents as record_consents
from app.messages.events import CarrierFailed
from app.messages.inquiring import ask_after as ask_after
from app.messages.models import Carrier, NotesSeen, StaffNote
from app.messages.naming import name_person as name_person
from app.messages.providers import Message as Message
from app.messages.queries import NOTE_MAIL
from app.messages.retiring import change_hook as change_hook
from app.messages.retiring import end_former_hook as end_former_hook
from app.messages.retiring import retire_carrier as retire_carrier
from app.messages.robots import set_kinds as set_kinds
from app.messages.robots import tell_robots
from app.messages.trying import ask_test as ask_test
from app.messages.trying import ask_trial as ask_trial
from app.messages.trying import record_receipts as record_receipts

NOTE_MAIL_LIFE = timedelta(hours=24)


def note(kind: str, *, subject: tuple[str, UUID], facts: Mapping[str, Any], now: datetime) -> UUID:
    """Leave a note for all who work for the shop, have its owners told by mail and groups by robots, and return it.

    `facts` are plain values for the words of its kind, and never a code.
    """
    subject_type, subject_id = subject
    row = StaffNote(
        id=new_id(), at=now, kind=kind, subject_type=subject_type, subject_id=subject_id, facts=json.dumps(facts)
    )
    db.session().add(row)
    tell_robots(row, now=now)
    effects.intend(NOTE_MAIL, row.id, due_at=now, deadline=now + NOTE_MAIL_LIFE)
    return row.id


def mark_read(user_id: UUID, *, until: datetime) -> None:
    """Remember that somebody has read the notes up to a moment; what came before stays read."""
    seen = db.find(NotesSeen, user_id)
    if seen is None:
        db.session().add(NotesSeen(user_id=user_id, at=until))
    elif seen.at < until:
        seen.at = until


def note_faults(failed: Sequence[CarrierFailed]) -> None:
    """Leave a note of carriers that carry nothing until somebody mends them."""
    for one in failed:
        carrier = db.get(Carrier, one.subject_id)
        facts = {"reason": one.reason, "title": carrier.title or carrier.account}
        note("carrier.failed", subject=("carrier", one.subject_id), facts=facts, now=one.at)
