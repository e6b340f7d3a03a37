"""What both vendors of SMS share: whose number it is, and which values may fill an approved text. (facts §6.3)

Carriers block messages with links, and a text message is read by whoever holds the phone: neither a link nor a code of
goods ever goes into one.
"""

import re
from collections.abc import Mapping

from app.messages.providers.base import Message, Wording

LONGEST_VALUE = 35  # characters of one variable
MAINLAND = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
ABROAD = re.compile(r"\+[1-9]\d{6,14}")
LINK = re.compile(r"://|\bwww\.|\b[\w-]+\.(?:com|cn|net|org|io|top|xyz|shop|me|cc)\b", re.IGNORECASE)
DIGITS = re.compile(r"\d{4,6}")


class Unfit(Exception):
    """The message cannot go by SMS; the argument says why, without what it holds."""


def number_of(message: Message) -> str:
    """Return the number of a message as +86… or +…; raises Unfit."""
    text = re.sub(r"[\s()-]", "", message.to.expose())
    if found := MAINLAND.fullmatch(text):
        return f"+86{found[1]}"
    if ABROAD.fullmatch(text):
        return text
    raise Unfit("this is no phone number")


def filled(message: Message, wording: Wording) -> Mapping[str, str]:
    """Return the values of a text by the vendor's names, in the order they were set; raises Unfit."""
    return {theirs: _value(ours, message.values) for theirs, ours in wording.variables}


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values.get(name, "").strip()
    if not value:
        raise Unfit(f"the text asks for “{name}”, which this message does not have")
    if LINK.search(value):
        raise Unfit(f"“{name}” looks like a link; an SMS may hold none")
    if name == "digits" and not DIGITS.fullmatch(value):
        raise Unfit("a code of an SMS has four to six digits")
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"
