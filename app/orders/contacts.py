"""The blind index of contacts: finds the orders of a contact, and tells nobody who has no key what it is."""

from app.kit import crypto
from app.orders.rules import same_contact


def contact_index(contact: str) -> bytes:
    """Return what the orders of this contact are found by, however it is spelled."""
    return crypto.fingerprint_key("contact").fingerprint(same_contact(contact))


def network_index(network: str) -> bytes:
    """Return what the orders from this network are found by, as long as that is kept."""
    return crypto.fingerprint_key("network").fingerprint(network)
