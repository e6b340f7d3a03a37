"""What happens to companies."""

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
class BalanceToppedUp(Event):
    """A bank transfer of a company came in."""

    name = "balance.topped_up"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str
    reference: str


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
    """An order was paid from a company's balance; the amount is what it cost."""

    name = "balance.spent"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class BalanceReturned(Event):
    """The money of an order went back to the company's balance."""

    name = "balance.returned"
    subject_type = "company"

    movement_id: UUID
    amount: int
    currency: str
