"""What can be done with companies, by family of verbs."""

from app.companies.service.balance import give_back, pay_out, top_up
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
from app.companies.service.telling import tell_ready

__all__ = [
    "Wanted",
    "accept",
    "add_member",
    "change",
    "change_role",
    "close",
    "create",
    "end_member",
    "give_back",
    "invite",
    "join",
    "lock",
    "pay_out",
    "place",
    "reopen",
    "revoke_invite",
    "send_invite_again",
    "tell_ready",
    "top_up",
]
