"""Giving away: an order that the shop bears the cost of. It is placed, held for and paid with nothing in one unit."""

from dataclasses import replace
from datetime import datetime

from app.kit.events import By
from app.orders import queries
from app.orders.models import Order, Payment
from app.orders.service.paying import Paid, meet
from app.orders.service.placing import Wish, place_all


def give_away(wish: Wish, *, now: datetime, by: By) -> Order:
    """Place an order that costs nothing and have it delivered at once; the same `idem` gives the same order again.

    It is no sale: no revenue, and its cost is the shop's own. Raises what placing raises, OutOfStock above all; then
    there is no order and no hold.
    """
    (order,) = place_all([replace(wish, by=by, is_gift=True)], now=now)
    if order.payment is Payment.PENDING and (due := queries.find_due(order.id)) is not None:
        meet([Paid(due.id, 0, order.currency, now)])
    return queries.reread(order.id)
