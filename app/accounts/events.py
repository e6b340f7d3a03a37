"""What happens to accounts; the platform's own events carry merchant 0."""

from dataclasses import dataclass

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
class MemberAdded(Event):
    name = "member.added"
    subject_type = "user"

    role: str
