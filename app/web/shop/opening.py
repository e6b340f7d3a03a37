"""Opening: the proof is checked and the look committed first; only then are codes opened."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from app.entitlements import service as entitlements
from app.kit import clock, crypto, db
from app.kit.errors import Refusal
from app.kit.secret import Secret
from app.orders.queries import Order
from app.web.guard import frame
from app.web.render import Cookie
from app.web.shop.proof import Proven, prove


@dataclass(frozen=True)
class Opened:
    """The codes of an order in clear, by entitlement, and what the browser that saw them has to keep."""

    codes: dict[UUID, Secret]
    cookies: tuple[Cookie, ...]


def open_codes(find: Callable[[], Order], *, only: Collection[UUID] | None = None) -> Opened:
    """Return the codes (or `only` some) of the order that `find` finds in its unit; raises why they may not be seen."""
    looked = db.write(frame().merchant_id, lambda: _look(find(), only))
    if isinstance(looked, Refusal):
        raise looked
    proven, openings = looked
    secrets = crypto.open([opening.reveal for opening in openings], by=proven.proof.by)
    codes = {opening.entitlement_id: secret for opening, secret in zip(openings, secrets, strict=True)}
    return Opened(codes, proven.cookies)


def _look(found: Order, only: Collection[UUID] | None) -> tuple[Proven, list[entitlements.Opening]] | Refusal:
    """Check the proof and record the look in one unit; only its commit lets a code be opened."""
    proven = prove(found)
    if isinstance(proven, Refusal):
        return proven  # the wrong try counts only if this unit is committed
    return proven, entitlements.reveal(found.id, proof=proven.proof, now=clock.now(), only=only)
