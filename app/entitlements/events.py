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
class CodeReplaced(Event):
    """A buyer has another code in the stead of the subject, which was set aside."""

    name = "code.replaced"
    subject_type = "code"

    entitlement_id: UUID
    new_code_id: UUID
    reason: str


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


@dataclass(frozen=True, kw_only=True)
class SharedCodeRevealed(CodeRevealed):
    """A buyer saw a code that others use as well."""

    name = "shared_code.revealed"
    subject_type = "shared_code"


@dataclass(frozen=True, kw_only=True)
class ChoreTaken(Event):
    """Somebody of the staff takes on what is delivered by hand."""

    name = "chore.taken"
    subject_type = "entitlement"


@dataclass(frozen=True, kw_only=True)
class ChoreLeft(Event):
    """What is delivered by hand is open to everybody again."""

    name = "chore.left"
    subject_type = "entitlement"


@dataclass(frozen=True, kw_only=True)
class ChoreDone(Event):
    """Somebody of the staff has delivered by hand."""

    name = "chore.done"
    subject_type = "entitlement"


@dataclass(frozen=True, kw_only=True)
class OpenedEarly(Event):
    """Somebody of the staff handed over before its time what a buyer would have got later."""

    name = "order.opened_early"
    subject_type = "order"

    count: int
