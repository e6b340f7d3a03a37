"""What can be done with companies, by family of verbs."""

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
from app.companies.service.paying import ask_top_up, pay_due, top_up
from app.companies.service.reaching import choose_first, set_ways
from app.companies.service.telling import follow_failed, tell_ready

__all__ = [
    "Wanted",
    "accept",
    "add_member",
    "ask_top_up",
    "change",
    "change_role",
    "choose_first",
    "close",
    "create",
    "end_member",
    "follow_failed",
    "invite",
    "join",
    "lock",
    "pay_due",
    "place",
    "reopen",
    "revoke_invite",
    "send_invite_again",
    "set_ways",
    "tell_ready",
    "top_up",
]
