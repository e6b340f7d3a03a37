"""Taking back: a redemption that was a mistake, once, with a reason; what was written stays written."""

from datetime import datetime
from uuid import UUID

from app.entitlements import service as entitlements
from app.entitlements.service import Used
from app.kit import db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.redemption import counting
from app.redemption.errors import NotTakenBack, ReasonNeeded, TakenBackBefore
from app.redemption.events import RedemptionRolledBack
from app.redemption.models import Redemption
from app.redemption.rules import LONGEST_REFERENCE, MOST_USES, idem_of

UNDO = "undo"


def roll_back(redemption_id: UUID | None, *, reason: str, now: datetime, by: By, network: str = "") -> UUID:
    """Take a redemption back and return the row that says so; what it used can be used again, in time.

    Refuses with NotFound, ReasonNeeded, NotTakenBack or TakenBackBefore.
    """
    made = db.get(Redemption, redemption_id)
    reason = " ".join(reason.split())[:LONGEST_REFERENCE]
    if made.undoes_id is not None:
        raise NotTakenBack
    if not reason:
        raise ReasonNeeded
    voucher = counting.lock([made.entitlement_id]).get(made.entitlement_id)
    left, number = voucher.uses_left + made.uses if voucher else 0, new_id()
    if not counting.write([_row(number, made, left, reason, now, by, network)]):
        raise TakenBackBefore
    counting.give_back({made.entitlement_id: made.uses})
    entitlements.mark_used([Used(made.entitlement_id, -made.uses, MOST_USES)], at=None)
    publish(_event(made, left, reason, now, by))
    return number


def _event(made: Redemption, left: int, reason: str, now: datetime, by: By) -> RedemptionRolledBack:
    return RedemptionRolledBack(
        subject_id=made.entitlement_id,
        order_id=made.order_id,
        redemption_id=made.id,
        sku_id=made.sku_id,
        uses=made.uses,
        uses_left=left,
        reason=reason,
        at=now,
        by=by,
    )


def _row(
    number: UUID, made: Redemption, left: int, reason: str, now: datetime, by: By, network: str
) -> dict[str, object]:
    return {
        "merchant_id": made.merchant_id,
        "id": number,
        "entitlement_id": made.entitlement_id,
        "order_id": made.order_id,
        "sku_id": made.sku_id,
        "at": now,
        "uses": -made.uses,
        "uses_left": left,
        "channel": made.channel,
        "location_id": made.location_id,
        "actor_type": by.type,
        "actor_id": by.id,
        "network": network,
        "reference": made.reference,
        "idem": idem_of(UNDO, made.id.hex),
        "undoes_id": made.id,
        "reason": reason,
    }
