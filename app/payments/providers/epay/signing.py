"""The text that both versions sign, and the MD5 of the first."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

UNSIGNED = ("sign", "sign_type")


def text_of(fields: Mapping[str, str], *, empties: bool = False) -> str:
    """Return what is signed: the fields by name, values raw, the empty ones left out."""
    names = sorted(name for name, value in fields.items() if name not in UNSIGNED and (value or empties))
    return "&".join(f"{name}={fields[name]}" for name in names)


@dataclass(frozen=True)
class Style:
    """How a site of the first version signs: what stands before the key, and in which letters."""

    joint: str = ""
    upper: bool = False

    def sign(self, fields: Mapping[str, str], key: str) -> str:
        """Return the signature of what we send."""
        digest = self._digest(text_of(fields), key)
        return digest.upper() if self.upper else digest

    def is_signed(self, fields: Mapping[str, str], key: str) -> bool:
        """Tell whether somebody who knows the key signed this; some sites sign empty fields, and in any letters."""
        given = fields.get("sign", "").lower().encode()
        wanted = [self._digest(text_of(fields, empties=empties), key).encode() for empties in (False, True)]
        return sum(hmac.compare_digest(given, one) for one in wanted) > 0

    def _digest(self, text: str, key: str) -> str:
        return hashlib.md5(f"{text}{self.joint}{key}".encode(), usedforsecurity=False).hexdigest()
