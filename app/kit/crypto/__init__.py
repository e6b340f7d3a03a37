"""One copy of a secret, sealed: AES-256-GCM under data keys, wrapped by master keys that the database never sees.

`seal` makes a blob that opens in its own place alone: table, column, merchant, row and key are associated data.
There are two doors. `open` is the only one to a code and asks for a committed reveal event; `unseal` opens contacts,
credentials and staging, whose purpose is in the associated data, so it cannot open a code.
"""

from app.kit.crypto.doors import REVEAL_AGE, Reveal, RevealRefused, open, unseal
from app.kit.crypto.keys import (
    DataKey,
    Key,
    Sealed,
    Unreadable,
    configure,
    create_key,
    destroy_key,
    find_fingerprint_key,
    fingerprint_key,
    key_for,
    load_key,
    prove,
    proven,
)

__all__ = [
    "REVEAL_AGE",
    "DataKey",
    "Key",
    "Reveal",
    "RevealRefused",
    "Sealed",
    "Unreadable",
    "configure",
    "create_key",
    "destroy_key",
    "find_fingerprint_key",
    "fingerprint_key",
    "key_for",
    "load_key",
    "open",
    "prove",
    "proven",
    "unseal",
]
