"""Pure rules of messages: what fills approved templates, how much a robot may say, and what stays out of a group."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil

# WeCom and DingTalk hear a robot twenty times a minute, and DingTalk then shuts it up for ten minutes. A bucket of six,
# filled again every five seconds, lets at most 6 + 60/5 = 18 out in any minute.
BURST = 6
PACE = timedelta(seconds=5)

MAIL = re.compile(r"\S+@\S+")
PHONE = re.compile(r"\+?\d[\d -]{8,}\d")
MASK = "•••"


def free_at(spent_until: datetime | None, now: datetime) -> datetime:
    """Return when a robot may speak next."""
    return max(now, spent_until - (BURST - 1) * PACE) if spent_until else now


def spend(spent_until: datetime | None, now: datetime) -> datetime:
    """Return until when a bucket is spent after one more message."""
    return max(spent_until or now, now) + PACE


def seconds_left(until: datetime, now: datetime) -> int:
    """Return the whole seconds until a moment; 0 when it is here."""
    return max(0, ceil((until - now).total_seconds()))


def discreet(text: str) -> str:
    """Return a text without mail addresses and phone numbers: groups have guests."""
    return PHONE.sub(MASK, MAIL.sub(MASK, text))


# What buyers are told by carriers with approved templates, and which of our values there are for it.
VALUES_OF: Mapping[str, tuple[str, ...]] = {
    "ready": ("shop", "number", "title", "count"),
    "queued": ("shop", "number", "title", "count", "until"),
    "refunded": ("shop", "number", "title", "amount"),
    "code": ("shop", "digits", "minutes"),
}
