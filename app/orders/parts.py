"""Parts: what a line consists of, one for each component, frozen when the order is placed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.catalog.queries import Ingredient
from app.inventory import service as inventory
from app.kit.ids import new_id
from app.kit.money import Money, split

Recipe = tuple[Ingredient, ...]


@dataclass(frozen=True)
class Piece:
    """One component of a line: what it needs from stock, and its share of the line's price."""

    line: Mapping[str, Any]
    want: inventory.Want
    share: Money


def cut_up(line: Mapping[str, Any], recipe: Recipe, now: datetime, channel: str) -> list[Piece]:
    """Return the components of a line, to be sold through a channel; their shares of its price sum to it."""
    total = Money(line["price_amount"] * line["quantity"], line["currency"])
    shares = split(total, {one.sku_id: one.share for one in recipe}) if len(recipe) > 1 else {}
    return [Piece(line, _want(line, one, now, channel), shares.get(one.sku_id, total)) for one in recipe]


def _want(line: Mapping[str, Any], one: Ingredient, now: datetime, channel: str) -> inventory.Want:
    quantity = line["quantity"] * one.quantity
    source, late = one.source_at(now), one.is_released(now)
    return inventory.Want(new_id(), one.sku_id, quantity, source, one.presale_cap, channel, after_presale=late)


def part_row(piece: Piece, cost: int) -> dict[str, Any]:
    """Return the row of a part, with what the pieces held for it cost us."""
    line, want = piece.line, piece.want
    return {
        "merchant_id": line["merchant_id"],
        "id": want.part_id,
        "line_id": line["id"],
        "order_id": line["order_id"],
        "sku_id": want.sku_id,
        "quantity": want.quantity,
        "source": want.source,
        "price_share": piece.share.minor,
        "cost": cost,
        "currency": line["currency"],
    }
