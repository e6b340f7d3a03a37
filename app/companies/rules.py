"""Who may do what for a company, and what its words may be."""

import re
from collections.abc import Collection, Mapping
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
WAYS = (Channel.WECOM, Channel.DINGTALK, Channel.EMAIL)  # by which members are told, in this order unless they choose


def ways_of(first: Channel | None, reached: Collection[Channel]) -> list[Channel]:
    """Return by which ways somebody is told, one after the other; mail reaches everybody."""
    known = [way for way in WAYS if way in reached or way is Channel.EMAIL]
    return sorted(known, key=lambda way: way is not first)
