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
