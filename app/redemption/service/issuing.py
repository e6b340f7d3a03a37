"""Issuing: an entitlement that we redeem gets its voucher when it is delivered, or at the latest when it is used."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.kit import db
from app.kit.events import EventRow
from app.redemption import terms
from app.redemption.models import Voucher
from app.redemption.rules import window


def issue_after(delivered: Sequence[EventRow]) -> None:
    """Give what was delivered its vouchers, where we redeem it ourselves; those that there are stay as they are."""
    rules = terms.all_rules()
    orders = sorted({row.order_id for row in delivered if row.order_id})
    if rules and orders:
        _insert(entitled.list_of_orders(orders, rules, state=State.READY))


def issue_missing(entitlement_ids: Collection[UUID]) -> None:
    """Give these entitlements their vouchers now, where we redeem them and they are delivered."""
    _insert(row for row in entitled.list_by_id(entitlement_ids).values() if row.state is State.READY)


def _insert(owned: Iterable[Entitlement]) -> None:
    rules, zone = terms.all_rules(), terms.zone()
    rows: list[dict[str, Any]] = []
    for row in owned:
        if (rule := rules.get(row.sku_id)) is None:
            continue
        first, last = window(rule, row.ready_at or row.granted_at, zone)
        rows.append(
            {
                "merchant_id": row.merchant_id,
                "entitlement_id": row.id,
                "order_id": row.order_id,
                "sku_id": row.sku_id,
                "code_id": row.code_id,
                "uses": max(rule.uses, row.used),  # a use that was reported before there was a rule counts
                "uses_left": max(0, rule.uses - row.used),
                "valid_from": first,
                "valid_until": last,
            }
        )
    if rows:
        put = db.insert_or(Voucher).on_conflict_do_nothing(index_elements=["merchant_id", "entitlement_id"])
        db.changed(put, rows)
