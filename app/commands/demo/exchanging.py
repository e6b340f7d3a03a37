"""What the demo's shop lets buyers exchange: one voucher for another, for two weeks."""

from datetime import datetime

from app.catalog import queries as catalog
from app.exchanges import queries, service
from app.exchanges.queries import Scope
from app.kit import db
from app.kit.events import SYSTEM
from app.kit.money import Money
from app.merchants import queries as merchants

GROUP, DAYS = "vouchers", 14


def allow(merchant_id: int, *, now: datetime) -> None:
    """Make the one rule, in a shop that has none."""
    db.write(merchant_id, lambda: _rule(now))


def _rule(now: datetime) -> None:
    group = next((row for row in catalog.list_categories() if row.slug == GROUP), None)
    if group is None or queries.list_rules():
        return
    vouchers = (Scope.CATEGORY, group.id)
    draft = service.RuleDraft(vouchers, vouchers, DAYS, Money(0, merchants.current().currency), True)
    service.make_rule(draft, now=now, by=SYSTEM)
