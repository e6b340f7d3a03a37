"""Returning: what becomes of codes that were taken back from their buyers, once they are set aside."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.inventory import sharing
from app.inventory.allocation import CODE
from app.inventory.events import CodeReturned, CodeVoided
from app.inventory.models import Code, Status
from app.inventory.service.counting import recount
from app.inventory.service.holds import tell_freed
from app.inventory.service.life import revalue
from app.inventory.service.sales import SetAside
from app.inventory.transitions import FREE
from app.kit import db
from app.kit.events import By, publish


def restock(codes: Sequence[SetAside], *, reason: str, now: datetime, by: By, order_id: UUID) -> None:
    """Sell codes again that their buyers never saw; whoever calls lets go of them. Those who wait are told at once."""
    changed = _change(codes, FREE)
    publish(
        *(
            CodeReturned(subject_id=code.code_id, order_id=order_id, reason=reason, skus=(code.sku_id,), at=now, by=by)
            for code in codes
            if code.code_id in changed
        )
    )
    tell_freed({code.sku_id for code in codes}, now)
    recount({code.sku_id for code in codes}, now=now)


def write_off(codes: Sequence[SetAside], *, reason: str, now: datetime, by: By, order_id: UUID) -> None:
    """Make codes void that may not be sold again, and lose what they had cost; they stay with who knew them."""
    changed = _change(codes, {"status": Status.VOID})
    gone = [code for code in codes if code.code_id in changed]
    publish(*(CodeVoided(subject_id=code.code_id, order_id=order_id, reason=reason, at=now, by=by) for code in gone))
    revalue("void", -sum(code.cost for code in gone), now=now, by=by, order_id=order_id)
    recount({code.sku_id for code in codes}, now=now)


def _change(codes: Sequence[SetAside], values: Mapping[str, object]) -> set[UUID]:
    aside = (CODE.merchant_id == db.merchant_id(), CODE.status == Status.QUARANTINED)
    theirs = (CODE.id.in_([code.code_id for code in codes]), CODE.entitlement_id.is_not(None))
    changed = update(Code.__table__).where(*aside, *theirs).values(**values)  # type: ignore[arg-type]
    return set(db.session().scalars(changed.returning(CODE.id)))


def lose_uses(costs: Iterable[int], *, now: datetime, by: By, order_id: UUID) -> None:
    """Lose what uses of shared codes had cost whose buyers knew the code; nobody can take that back from them."""
    revalue("void", -sum(costs), now=now, by=by, order_id=order_id)


def costs_of_uses(shared_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return what one use of each of these shared codes costs."""
    asked = list(shared_ids)
    return {number: row.cost for number, row in sharing.list_codes(asked).items()} if asked else {}
