"""What happens to balances."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class BalanceMoved(Event):
    """Something moved the balance of its subject, which is who holds it; `holder` says of which kind that is."""

    holder: str
    movement_id: UUID
    amount: int
    currency: str

    @property
    def subject_type(self) -> str:  # type: ignore[override]  # the timeline of a company, or of a member
        return self.holder


@dataclass(frozen=True, kw_only=True)
class BalanceToppedUp(BalanceMoved):
    """A bank transfer of a holder came in."""

    name = "balance.topped_up"

    reference: str


@dataclass(frozen=True, kw_only=True)
class BalancePaidIn(BalanceMoved):
    """A holder paid ahead through a gateway; the order is the top-up."""

    name = "balance.paid_in"


@dataclass(frozen=True, kw_only=True)
class BalanceSentBack(BalanceMoved):
    """Some of a top-up leaves the balance again, and goes back the way it was paid."""

    name = "balance.sent_back"

    reason: str


@dataclass(frozen=True, kw_only=True)
class BalancePaidOut(BalanceMoved):
    """Money left a balance: it went back to its holder's bank, or had been booked by mistake."""

    name = "balance.paid_out"

    reason: str


@dataclass(frozen=True, kw_only=True)
class BalanceSpent(BalanceMoved):
    """An order was paid from a balance, or a part of it is held for one; the amount is what that takes."""

    name = "balance.spent"


@dataclass(frozen=True, kw_only=True)
class BalanceReturned(BalanceMoved):
    """Money of an order went back to the balance: it was refunded, or never paid whole."""

    name = "balance.returned"


@dataclass(frozen=True, kw_only=True)
class BalanceCorrected(BalanceMoved):
    """People of the shop put money onto a balance, or took it off where it is negative, at the shop's own expense."""

    name = "balance.corrected"

    reason: str
