"""Pure rules of members: which addresses can be proved, how they are spelled, and how long things last."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta

from app.delivery.queries import is_one_mailbox, mail_address
from app.messages.queries import Channel

SESSION_LIFE = timedelta(days=180)
SESSION_IDLE = timedelta(days=30)
KEPT_CODES = timedelta(days=2)  # longer than wrong guesses are counted
PHONE = re.compile(r"\+[1-9]\d{6,14}")
MAINLAND = re.compile(r"1[3-9]\d{9}")


@dataclass(frozen=True)
class Address:
    """Where somebody can be reached and can prove it: a mail address, or a phone number with its country code."""

    channel: Channel
    text: str = field(repr=False)


def address_of(contact: str) -> Address | None:
    """Return the one address that a contact names; None for what names none, or might name two."""
    if "@" in contact:
        mailbox = mail_address(unicodedata.normalize("NFKC", contact)) if is_one_mailbox(contact) else ""
        return Address(Channel.EMAIL, mailbox.casefold()) if mailbox else None
    number = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", contact))
    number = f"+86{number}" if MAINLAND.fullmatch(number) else re.sub(r"^00", "+", number)
    return Address(Channel.SMS, number) if PHONE.fullmatch(number) else None
