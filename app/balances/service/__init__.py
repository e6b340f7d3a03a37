"""What can be done with balances, by family of verbs."""

from app.balances.service.booking import pay_out, top_up
from app.balances.service.moving import open_account
from app.balances.service.spending import give_back, hold_part, release, spend
from app.balances.service.topping import Ahead, credit, place_top_up, send_top_up_back

__all__ = [
    "Ahead",
    "credit",
    "give_back",
    "hold_part",
    "open_account",
    "pay_out",
    "place_top_up",
    "release",
    "send_top_up_back",
    "spend",
    "top_up",
]
