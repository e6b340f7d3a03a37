"""What happens to members."""

from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class MemberCodeAsked(Event):
    """Somebody asked for a code, to sign in as a member or to prove a contact of one."""

    name = "member.code_asked"
    subject_type = "member_code"

    channel: str
    network: str


@dataclass(frozen=True, kw_only=True)
class MemberJoined(Event):
    """A buyer signed in for the first time: the account is there from now on."""

    name = "member.joined"
    subject_type = "member"

    channel: str


@dataclass(frozen=True, kw_only=True)
class MemberSignedIn(Event):
    name = "member.signed_in"
    subject_type = "member"

    channel: str
    network: str
    agent: str


@dataclass(frozen=True, kw_only=True)
class MemberSignedOut(Event):
    """Sessions of a member ended: one's own, another one, or all."""

    name = "member.signed_out"
    subject_type = "member"

    sessions: int


@dataclass(frozen=True, kw_only=True)
class MemberContactAdded(Event):
    name = "member.contact_added"
    subject_type = "member"

    channel: str


@dataclass(frozen=True, kw_only=True)
class MemberContactRemoved(Event):
    name = "member.contact_removed"
    subject_type = "member"

    channel: str


@dataclass(frozen=True, kw_only=True)
class MemberClosed(Event):
    """A member deleted the account; what was bought stays, and opens by the order's own proofs."""

    name = "member.closed"
    subject_type = "member"
