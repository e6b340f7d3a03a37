"""Pure rules of telling and of proving by what was told: which contact a message can go to, which channel proves."""

import re
import unicodedata
from datetime import datetime, timedelta

from app.delivery.models import Channel

ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s.,;<>\"]+(?:\.[^@\s.,;<>\"]+)+")
LONGEST_ADDRESS = 254
CHINESE_MOBILE = re.compile(r"1[3-9][0-9]{9}")
WORLD_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
PHONE_MASK = re.compile(r"\+?[0-9]*\*{4}[0-9]{4}")
OWNER_LIFE = timedelta(hours=12)
JUST_PROVED = timedelta(minutes=10)


def mail_address(contact: str) -> str:
    """Return the e-mail address that a contact is, its domain as the network writes it, or ""."""
    text = contact.strip()
    if len(text) > LONGEST_ADDRESS or not ADDRESS.fullmatch(text):
        return ""
    user, _, domain = text.rpartition("@")
    try:
        return f"{user}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return ""


def is_one_mailbox(contact: str) -> bool:
    """Tell whether all contacts with the blind index of this one are the same mailbox.

    The index takes letters for the same (ß and ss, ｄ and d) that a mail server keeps apart before the @.
    """
    return mail_address(contact).rpartition("@")[0].isascii() and mail_address(contact) != ""


def phone_number(contact: str) -> str:
    """Return the number that a contact is, as the world dials it, or ""; one without + is a Chinese mobile's."""
    plain = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", contact))
    home = re.sub(r"^(\+86|0086)", "", plain)
    if CHINESE_MOBILE.fullmatch(home):
        return f"+86{home}"
    return plain if WORLD_NUMBER.fullmatch(plain) and not plain.startswith("+86") else ""


def is_one_phone(contact: str) -> bool:
    """Tell whether all contacts with the blind index of this one are the same phone.

    The index knows no country: +1 380 013 8000 stands under the same one as the Chinese mobile 13800138000.
    """
    number = phone_number(contact)
    return number != "" and (number.startswith("+86") or not CHINESE_MOBILE.fullmatch(number[1:]))


def own_channel(contact: str) -> Channel | None:
    """Return the channel that a contact (or its mask) itself is an address of."""
    if "@" in contact:
        return Channel.EMAIL
    return Channel.SMS if PHONE_MASK.fullmatch(contact) or phone_number(contact) else None


def channels_of(contact: str) -> frozenset[Channel]:
    """Return by which channels the links of an order with this contact (or its mask) go to its buyer.

    By SMS goes no link, so a code that comes by it is a second proof.
    """
    return frozenset({Channel.EMAIL}) if "@" in contact else frozenset()


def may_prove(by: Channel, told_by: frozenset[Channel], allowed: bool) -> bool:
    """Tell whether a code that came by a channel proves an order whose links came by others.

    By the same channel it is no second proof: whoever reads the link reads the code. Then the shop has to allow it.
    """
    return allowed or by not in told_by


def proof_kind(proved_at: datetime, *, now: datetime) -> str:
    """Return how the record calls the proof of somebody who typed a code: by it, or as the signed-in owner."""
    return "otp" if now - proved_at < JUST_PROVED else "owner"
