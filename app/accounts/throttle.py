"""Which tries of people are counted, and how many are too many."""

from uuid import UUID

from app.kit.throttle import Key, key

PER_NAME = 8
PER_NETWORK = 60
LINKS_PER_NAME = 4
LINKS_PER_NETWORK = 20
PER_THING = 40  # by all networks together, so that a stranger alone does not lock its owner out


def keys(email: str, network: str) -> list[Key]:
    """Return the two counters of a try: by name and by network, each on its own."""
    return [key("name", email, limit=PER_NAME), key("network", network, limit=PER_NETWORK)]


def keys_of_links(email: str, network: str) -> list[Key]:
    """Return the two counters of asking for a link; wrong log-ins do not fill them, nor they the log-in's."""
    return [key("link name", email, limit=LINKS_PER_NAME), key("link network", network, limit=LINKS_PER_NETWORK)]


def keys_of_owner(user_id: UUID, network: str) -> list[Key]:
    """Return the counters of present passwords asked of somebody signed in: a thief of the session guesses here."""
    return [key("present password", str(user_id), limit=PER_NAME), key("network", network, limit=PER_NETWORK)]


def keys_of_proof(subject: str, network: str) -> list[Key]:
    """Return the counters of proofs that something is one's own: from here, from anywhere, and from here of anything.

    A scanner that fills a form in fills the first one, and its owner comes from elsewhere.
    """
    return [
        key("proof", subject, network, limit=PER_NAME),
        key("proof anywhere", subject, limit=PER_THING),
        key("proof network", network, limit=PER_NETWORK),
    ]
