"""What happens to accounts; the platform's own events carry merchant 0."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class SignedIn(Event):
    name = "user.signed_in"
    subject_type = "user"

    network: str


@dataclass(frozen=True, kw_only=True)
class SignedOut(Event):
    name = "user.signed_out"
    subject_type = "user"


@dataclass(frozen=True, kw_only=True)
class SignInFailed(Event):
    name = "user.sign_in_failed"
    subject_type = "user"

    network: str


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """Somebody ended sessions of theirs, without being in them."""

    name = "user.sessions_ended"
    subject_type = "user"

    sessions: int


@dataclass(frozen=True, kw_only=True)
class ResetAsked(Event):
    """A link to choose a new password was asked for; an unknown e-mail leaves one too, of nobody."""

    name = "user.reset_asked"
    subject_type = "password_reset"

    user_id: UUID
    network: str
    lang: str
    shop: str = ""  # at whose companies' door somebody asked; "" at the office


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    name = "user.password_changed"
    subject_type = "user"

    network: str
    lang: str


@dataclass(frozen=True, kw_only=True)
class MemberAdded(Event):
    name = "member.added"
    subject_type = "user"

    role: str


@dataclass(frozen=True, kw_only=True)
class DeviceForgotten(Event):
    """The person before a buyer's browser had it forgotten: its orders are shown there no more."""

    name = "device.forgotten"
    subject_type = "device"
