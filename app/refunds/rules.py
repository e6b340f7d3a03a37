"""Pure rules of refunds: what a piece is worth, and what goes back for it."""

from app.kit.money import Money


def worth(share: int, quantity: int, slot: int) -> int:
    """Return what one piece of a part brought; the pieces of a part bring just its price share together."""
    return share * (slot + 1) // quantity - share * slot // quantity


def due(goods: Money, *, of: Money, paid: Money) -> Money:
    """Return what has gone back in all once goods of this price were taken back, of an order that was paid so much.

    Who asks for the difference to what went back before ends at exactly what was paid, whatever the steps were.
    """
    return Money(goods.minor * paid.minor // of.minor if of.minor else 0, of.currency)
