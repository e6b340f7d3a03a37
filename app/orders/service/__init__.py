"""What can be done with orders, by family of verbs."""

from app.orders.service.closing import cancel, check_cancellable, close_unpaid, expire, lock
from app.orders.service.fulfilling import add_costs, mark_fulfilled, mark_notified, set_costs
from app.orders.service.giving import give_away
from app.orders.service.paying import Fees, Paid, meet, start_paying
from app.orders.service.placing import TIME_TO_PAY, Basket, Refused, Wish, place, place_all
from app.orders.service.returning import forgive, give_back
from app.orders.service.reviewing import (
    count_refusal,
    decline,
    forget_networks,
    free_refunded,
    hold_paid,
    keeps_networks,
    release_reviewed,
)
from app.orders.service.splitting import end_parts, name_holder, split_off
from app.orders.service.topping import TopUp, finish_top_ups, place_top_up
from app.orders.service.waiting import wait_longer, wait_no_longer

__all__ = [
    "TIME_TO_PAY",
    "Basket",
    "Fees",
    "Paid",
    "Refused",
    "TopUp",
    "Wish",
    "add_costs",
    "cancel",
    "check_cancellable",
    "close_unpaid",
    "count_refusal",
    "decline",
    "end_parts",
    "expire",
    "finish_top_ups",
    "forget_networks",
    "forgive",
    "free_refunded",
    "give_away",
    "give_back",
    "hold_paid",
    "keeps_networks",
    "lock",
    "mark_fulfilled",
    "mark_notified",
    "meet",
    "name_holder",
    "place",
    "place_all",
    "place_top_up",
    "release_reviewed",
    "set_costs",
    "split_off",
    "start_paying",
    "wait_longer",
    "wait_no_longer",
]
