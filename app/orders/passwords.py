"""The order password: opens an order on another device; shown at the cashier, kept as a keyed hash.

It is derived from the mark of the form, so that a form sent again gets the same one, and stored nowhere. It has 60
random bits and its hash a key, so that no slow hash is needed on the hot path (argon2 is for what people think of).
"""

import hmac
from uuid import UUID

from app.kit import crypto
from app.kit.ids import ALPHABET
from app.kit.secret import Secret
from app.orders.models import Order

PURPOSE = "order password"
LETTERS, GROUP = 12, 4
LOOK_ALIKE = str.maketrans("ILO", "110")


def new_password(idem: bytes) -> tuple[Secret, bytes]:
    """Return the password of the order that the form with this mark makes, and what the database keeps of it."""
    key = crypto.fingerprint_key(PURPOSE)
    digest = UUID(bytes=key.fingerprint(f"password:{idem.hex()}")[:16]).int
    letters = "".join(ALPHABET[digest >> 5 * place & 31] for place in range(LETTERS)).upper()
    groups = (letters[at : at + GROUP] for at in range(0, LETTERS, GROUP))
    return Secret("-".join(groups)), _hash(key, letters)


def password_of(order: Order) -> Secret:
    """Return the password of an order; for the browser that has just placed it."""
    return new_password(order.idem)[0]


def is_password(order: Order, text: str) -> bool:
    """Tell whether `text` is the order's password, whatever case, spaces, dashes and look-alikes it is typed with."""
    return hmac.compare_digest(order.password_hash, hash_of(text))  # an order before there were passwords has none


def hash_of(text: str) -> bytes:
    """Return what the database keeps of the password that `text` spells, in whatever case and with whatever dashes."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum()).translate(LOOK_ALIKE)
    return _hash(crypto.fingerprint_key(PURPOSE), letters)


def _hash(key: crypto.Key, letters: str) -> bytes:
    return key.fingerprint(f"hash:{letters}")
