"""What can be done with members, by family of verbs."""

from app.kit.onetime import CODE_MINUTES
from app.members.rules import SESSION_LIFE
from app.members.service.closing import close
from app.members.service.contacts import change_lang, remove_contact
from app.members.service.inbox import leave, mark_read, note_partly, note_queued, note_ready, note_refunded
from app.members.service.sessions import end_all, end_session, sign_out, touch
from app.members.service.signing import SignedIn, ask_code, find_asked, prove

__all__ = [
    "CODE_MINUTES",
    "SESSION_LIFE",
    "SignedIn",
    "ask_code",
    "change_lang",
    "close",
    "end_all",
    "end_session",
    "find_asked",
    "leave",
    "mark_read",
    "note_partly",
    "note_queued",
    "note_ready",
    "note_refunded",
    "prove",
    "remove_contact",
    "sign_out",
    "touch",
]
