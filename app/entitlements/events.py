"""What happens to entitlements."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class CodeRevealed(Event):
    """A buyer saw a code; committed before the plaintext leaves. The subject is the code, as `crypto.open` checks."""

    name = "code.revealed"
    subject_type = "code"

    entitlement_id: UUID
    proof: str
    network: str
    agent: str


@dataclass(frozen=True, kw_only=True)
class PromisesKept(Event):
    """Codes came for an order that was paid and waited: for how many entitlements, from which on, at which cost.

    The cost is in minor units of the shop's currency.
    """

    name = "promises.kept"
    subject_type = "order"

    first_id: UUID
    count: int
    cost: int
