"""What can be done with companies, by family of verbs."""

from app.companies.service.balance import give_back, pay_out, release, top_up
from app.companies.service.joining import accept, join
from app.companies.service.keeping import change, close, create, reopen
from app.companies.service.members import (
    add_member,
    change_role,
    end_member,
    invite,
    lock,
    revoke_invite,
    send_invite_again,
)
from app.companies.service.ordering import Wanted, place
from app.companies.service.reaching import choose_first, set_ways
from app.companies.service.telling import tell_ready
from app.companies.service.topping import Ahead, ask_top_up, credit, send_top_up_back

__all__ = [
    "Ahead",
    "Wanted",
    "accept",
    "add_member",
    "ask_top_up",
    "change",
    "change_role",
    "choose_first",
    "close",
    "create",
    "credit",
    "end_member",
    "give_back",
    "invite",
    "join",
    "lock",
    "pay_out",
    "place",
    "release",
    "reopen",
    "revoke_invite",
    "send_invite_again",
    "send_top_up_back",
    "set_ways",
    "tell_ready",
    "top_up",
]
