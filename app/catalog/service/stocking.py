"""How a variant's stock is sold and watched: which code first, and when staff are told of a dip."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.catalog.errors import BadLimit
from app.catalog.models import Product, Sku, Strategy
from app.catalog.service.products import tell
from app.kit import db
from app.kit.errors import Invalid, Refusal
from app.kit.events import By

MOST = {"low_stock": 1_000_000, "low_days": 365, "expiry_days": 3650}


@dataclass(frozen=True)
class Limits:
    """When staff are told: fewer left than, stock for fewer days than, so many days before codes expire."""

    low_stock: int | None = None
    low_days: int | None = None
    expiry_days: int | None = None


def set_strategy(sku_id: UUID, strategy: Strategy, *, now: datetime, by: By) -> bool:
    """Let a SKU sell its codes in another order from now on; tell whether that is a change."""
    sku = db.get(Sku, sku_id)
    before, sku.strategy = sku.strategy, strategy
    tell_of(sku, {"strategy": (before.name, strategy.name)}, now, by)
    return before is not strategy


def set_limits(sku_id: UUID, limits: Limits, *, now: datetime, by: By) -> None:
    """Say when staff are to be told of the stock of a SKU; refuses with Invalid what is no such number."""
    said = {name: getattr(limits, name) for name in MOST}
    faults: dict[str, Refusal] = {
        name: BadLimit(MOST[name]) for name, value in said.items() if value is not None and not 0 < value <= MOST[name]
    }
    if faults:
        raise Invalid(faults)
    sku, changes = db.get(Sku, sku_id), dict[str, tuple[str, str]]()
    for name, value in said.items():
        changes[name] = (_shown(getattr(sku, name)), _shown(value))
        setattr(sku, name, value)
    tell_of(sku, changes, now, by)


def _shown(value: int | None) -> str:
    return "" if value is None else str(value)


def tell_of(sku: Sku, changes: Mapping[str, tuple[str, str]], now: datetime, by: By) -> None:
    """Write down what of a variant changed: before and after of each fact."""
    product = db.get(Product, sku.product_id)
    changed = [(f"{name} {sku.code}", before, after) for name, (before, after) in changes.items() if before != after]
    tell(product, changed, now=now, by=by)
