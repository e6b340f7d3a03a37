"""What can be done with balances, by family of verbs."""

from app.balances.service.booking import correct, pay_out, top_up
from app.balances.service.moving import open_account
from app.balances.service.spending import give_back, pay_part, pay_rest, release, spend
from app.balances.service.topping import Ahead, ask_top_up, credit, place_top_up, send_top_up_back

__all__ = [
    "Ahead",
    "ask_top_up",
    "correct",
    "credit",
    "give_back",
    "open_account",
    "pay_out",
    "pay_part",
    "pay_rest",
    "place_top_up",
    "release",
    "send_top_up_back",
    "spend",
    "top_up",
]
