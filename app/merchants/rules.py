"""What a shop's addresses may look like, and the one that answers to its letters go to."""

import hashlib
import re

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])")
HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])")
LONGEST_NAME, LONGEST_ADDRESS = 64, 254
LONGEST_SHOP_NAME, LONGEST_LICENCE = 40, 60
LONGEST_WORDS = {"tagline": 60, "notice": 120, "contact": 200, "hours": 120, "promise": 400, "closed": 300}
RESERVED = {"account", "admin", "api", "hooks", "login", "logout", "office", "platform", "preferences", "reset"}
RESERVED |= {"staff", "static", "www"}


def is_slug(text: str) -> bool:
    return bool(SLUG.fullmatch(text)) and text not in RESERVED


def is_host(text: str) -> bool:
    return bool(HOST.fullmatch(text))


def reply_address(text: str) -> str:
    """Return the one e-mail address that `text` is, its domain as the network writes it, or "".

    It stands in the head of every letter of a shop, whoever reads it: so nothing that a mail program could take for a
    second address or a second line, and a name that those without UTF-8 take too.
    """
    text = text.strip()
    name, _, host = text.rpartition("@")
    if len(text) > LONGEST_ADDRESS:
        return ""
    try:
        domain = host.encode("idna").decode().lower()
    except UnicodeError:
        return ""
    fits = len(name) <= LONGEST_NAME and len(name) + 1 + len(domain) <= LONGEST_ADDRESS
    return f"{name}@{domain}" if fits and NAME.fullmatch(name) and DOMAIN.fullmatch(domain) else ""


def hash_key(key: str) -> bytes:
    """Return what the directory keeps of an address."""
    return hashlib.sha256(key.encode()).digest()
