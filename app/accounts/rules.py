"""Who may do what, and what a password must be."""

import re
from datetime import timedelta

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
LONGEST_EMAIL = 254
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)
RESET_MINUTES = 30

VIEW = frozenset("home.view products.view stock.view codes.view orders.view redemption.view companies.view".split())
WORK = frozenset({"products.edit", "codes.import", "orders.refund", "messages.send", "companies.manage"})
REDEEM = frozenset({"redemption.redeem", "redemption.undo", "redemption.rules"})
ROLES: dict[str, frozenset[str]] = {
    "owner": VIEW | WORK | REDEEM | {"staff.edit", "payments.edit", "shop.edit"},
    "operator": VIEW | WORK | REDEEM,
    "support": VIEW - {"stock.view"} | {"messages.send", "redemption.redeem"},
    "viewer": VIEW,
}


def permissions(role: str) -> frozenset[str]:
    """Return what `role` may do; an unknown role may do nothing."""
    return ROLES.get(role, frozenset())


def is_email(text: str) -> bool:
    return len(text) <= LONGEST_EMAIL and bool(EMAIL.fullmatch(text))


def network(address: str) -> str:
    """Return the network an address belongs to: /24 of IPv4, /64 of IPv6; people move inside it."""
    if ":" in address:
        return ":".join(address.split(":")[:4]) + "::/64"
    return ".".join(address.split(".")[:3]) + ".0/24"
