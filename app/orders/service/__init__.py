"""What can be done with orders, by family of verbs."""

from app.orders.service.closing import cancel, check_cancellable, close_unpaid, expire, lock
from app.orders.service.fulfilling import add_costs, mark_fulfilled, mark_notified, mark_refunded, set_costs
from app.orders.service.paying import Paid, meet, start_paying
from app.orders.service.placing import TIME_TO_PAY, Basket, Wish, place, place_all

__all__ = [
    "TIME_TO_PAY",
    "Basket",
    "Paid",
    "Wish",
    "add_costs",
    "cancel",
    "check_cancellable",
    "close_unpaid",
    "expire",
    "lock",
    "mark_fulfilled",
    "mark_notified",
    "mark_refunded",
    "meet",
    "place",
    "place_all",
    "set_costs",
    "start_paying",
]
