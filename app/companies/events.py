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


@dataclass(frozen=True, kw_only=True)
class BalanceToppedUp(Event):
    """A bank transfer of a company came in."""

    name = "balance.topped_up"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class BalancePaidIn(Event):
    """A company paid ahead through a gateway; the order is its top-up."""

    name = "balance.paid_in"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class BalanceSentBack(Event):
    """Some of a top-up leaves the balance again, and goes back the way it was paid."""

    name = "balance.sent_back"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class BalancePaidOut(Event):
    """Money left a company's balance: it went back to the company's bank, or had been booked by mistake."""

    name = "balance.paid_out"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class BalanceSpent(Event):
    """An order was paid from a company's balance, or a part of it is held for one; the amount is what that takes."""

    name = "balance.spent"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class BalanceReturned(Event):
    """Money of an order went back to the company's balance: it was refunded, or never paid whole."""

    name = "balance.returned"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str
