"""Following: the voucher of an entitlement goes on with the code that its buyer has now."""

from collections.abc import Sequence

from sqlalchemy import update

from app.entitlements.events import CodeReplaced
from app.kit import db
from app.redemption.models import Voucher


def follow_replaced(replaced: Sequence[CodeReplaced]) -> None:
    """Let vouchers know the codes that came in place of others; the uses that are left stay."""
    for event in replaced:
        mine = update(Voucher).where(Voucher.entitlement_id == event.entitlement_id)
        db.changed(mine.values(code_id=event.new_code_id))
