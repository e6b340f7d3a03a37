"""What a shop's addresses may look like."""

import hashlib
import re

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])")
HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
RESERVED = {"account", "admin", "api", "hooks", "login", "logout", "office", "platform", "preferences", "reset"}
RESERVED |= {"staff", "static", "www"}


def is_slug(text: str) -> bool:
    return bool(SLUG.fullmatch(text)) and text not in RESERVED


def is_host(text: str) -> bool:
    return bool(HOST.fullmatch(text))


def hash_key(key: str) -> bytes:
    """Return what the directory keeps of an address."""
    return hashlib.sha256(key.encode()).digest()
