"""Who may do what for a company, and what its words may be."""

import re
from collections.abc import Mapping
from datetime import timedelta

from app.companies.models import Role
from app.messages.queries import Channel

INVITE_DAYS = 7
INVITE_LIFE = timedelta(days=INVITE_DAYS)
INVITES_PER_COMPANY = 40  # in a quarter of an hour: letters to strangers go out in the shop's name
MOST_PIECES = 10_000  # of one order
LONGEST_NAME, LONGEST_NOTE = 120, 500

# The whole matrix: what a member may do is what stands in the row of the role.
SEE = frozenset({"company.wallet"})
PERMISSIONS: Mapping[Role, frozenset[str]] = {
    Role.ADMINISTRATOR: SEE
    | {
        "company.export",
        "company.redeem",
        "company.handout",
        "company.reveal",
        "company.order",
        "company.balance",
        "company.members",
        "company.invite",
    },
    Role.DISTRIBUTOR: SEE | {"company.export", "company.redeem", "company.handout", "company.reveal"},
    Role.FINANCE: SEE | {"company.export", "company.balance"},
    Role.VIEWER: SEE,
}


def permissions(role: Role) -> frozenset[str]:
    """Return what a member with this role may do for the company."""
    return PERMISSIONS[role]


USER_ID = re.compile(r"[0-9A-Za-z_.@-]{1,64}")
CHATS = frozenset({Channel.WECOM, Channel.DINGTALK})
WAYS = CHATS | {Channel.EMAIL}  # by which members are told; mail reaches everybody
