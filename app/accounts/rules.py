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
WORK = frozenset(
    "products.edit codes.import notes.read orders.refund orders.fulfil messages.send companies.manage"
    " views.save".split()
)
STOCK = frozenset(
    "stock.edit stock.proof codes.find codes.freeze codes.void codes.replace codes.generate codes.move codes.export"
    " codes.allow_export reports.view".split()
)
SUPPORT = frozenset("messages.send notes.read redemption.redeem codes.find orders.fulfil views.save".split())
REDEEM = frozenset({"redemption.redeem", "redemption.undo", "redemption.rules"})
ROLES: dict[str, frozenset[str]] = {
    "owner": VIEW | WORK | STOCK | REDEEM | {"staff.edit", "payments.edit", "shop.edit"},
    "operator": VIEW | WORK | STOCK | REDEEM,
    "support": VIEW - {"stock.view"} | SUPPORT,
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
