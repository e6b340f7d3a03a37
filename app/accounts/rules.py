"""Who may do what, and what a password must be."""

import re
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address
UNKNOWN = ip_address("0.0.0.0")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
LONGEST_EMAIL = 254
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)
RESET_MINUTES = 30
VIEW = frozenset(
    "home.view products.view stock.view codes.view orders.view redemption.view companies.view wallets.view"
    " gifts.view".split()
)
WORK = frozenset(
    "products.edit wordings.edit codes.import notes.read orders.refund orders.refund_seen orders.fulfil orders.review"
    " messages.send companies.manage views.save payments.match members.view members.sign_out"
    " wallets.correct gifts.edit exchanges.edit".split()
)
STOCK = frozenset(
    "stock.edit stock.proof codes.find codes.freeze codes.void codes.replace codes.generate codes.move codes.export"
    " codes.allow_export reports.view".split()
)
SUPPORT = frozenset(
    "messages.send notes.read redemption.redeem codes.find orders.fulfil views.save members.view".split()
)
BILLS = frozenset({"bills.view", "bills.edit"})
REDEEM = frozenset({"redemption.redeem", "redemption.undo", "redemption.rules"})
ROLES: dict[str, frozenset[str]] = {
    "owner": VIEW | WORK | STOCK | REDEEM | BILLS | {"staff.edit", "payments.edit", "channels.edit", "shop.edit"},
    "operator": VIEW | WORK | STOCK | REDEEM | BILLS,
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
    found = _address(address)
    return str(ip_network((found or UNKNOWN, 24 if (found or UNKNOWN).version == 4 else 64), strict=False))


def public_network(address: str) -> str:
    """Return the network of an address that tells one visitor from another; "" where it is our own proxy's or none."""
    found = _address(address)
    return network(address) if found is not None and found.is_global else ""


def _address(text: str) -> Address | None:
    """Return an address however proxies write it: with a port, in brackets, an IPv4 one inside of IPv6."""
    text = text.strip().partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
