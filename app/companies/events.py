"""What happens to companies."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class CompanyCreated(Event):
    name = "company.created"
    subject_type = "company"


@dataclass(frozen=True, kw_only=True)
class CompanyChanged(Event):
    name = "company.changed"
    subject_type = "company"


@dataclass(frozen=True, kw_only=True)
class CompanyClosed(Event):
    name = "company.closed"
    subject_type = "company"


@dataclass(frozen=True, kw_only=True)
class CompanyReopened(Event):
    name = "company.reopened"
    subject_type = "company"


@dataclass(frozen=True, kw_only=True)
class MemberInvited(Event):
    name = "company.member_invited"
    subject_type = "company"

    invite_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class InviteRevoked(Event):
    name = "company.invite_revoked"
    subject_type = "company"

    invite_id: UUID


@dataclass(frozen=True, kw_only=True)
class InviteSentAgain(Event):
    name = "company.invite_sent_again"
    subject_type = "company"

    invite_id: UUID


@dataclass(frozen=True, kw_only=True)
class MemberJoined(Event):
    name = "company.member_joined"
    subject_type = "company"

    user_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberRoleChanged(Event):
    name = "company.member_role_changed"
    subject_type = "company"

    user_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberEnded(Event):
    name = "company.member_ended"
    subject_type = "company"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class MemberWaysSet(Event):
    """By which chats a member can be reached was entered; `channels` are those there are now."""

    name = "company.member_ways_set"
    subject_type = "company"

    user_id: UUID
    channels: Sequence[str]
