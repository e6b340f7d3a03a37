"""Letters that come back: the address they come back to, and what the report in them says (RFC 3464).

The address names the letter and bears our mark, so nobody can say of a letter that it came back who has not had it.
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from uuid import UUID

from app.kit import tokens

PURPOSE = "bounce"
SIZE, MARK = 24, 10  # bytes of merchant and letter, and of our mark: 62 characters with `bounce+`, of 64 allowed
ADDRESS = re.compile(r"bounce\+([a-z2-7]{55})@", re.IGNORECASE)
SAID = re.compile(r"<?[^\s<>@;]+@[^\s<>@]+>?")
ENVELOPE = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
LONGEST_SAID = 160

_domain = ""


@dataclass(frozen=True)
class Bounce:
    """A letter of ours that came back, or comes back unless it can be delivered yet."""

    merchant_id: int
    letter: UUID
    for_good: bool
    reason: str  # in the other side's words, without addresses


def configure(domain: str) -> None:
    """Take the domain whose mail we read; "" when nobody reads any."""
    global _domain
    _domain = domain


def address_for(merchant_id: int, letter: UUID) -> str:
    """Return where a letter comes back to that cannot be delivered; "" where nobody reads it."""
    if not _domain:
        return ""
    named = merchant_id.to_bytes(8) + letter.bytes
    text = b32encode(named + tokens.mark(PURPOSE, named, MARK)).decode().rstrip("=").lower()
    return f"bounce+{text}@{_domain}"


def read(raw: bytes) -> Bounce | None:
    """Return what a mail says of a letter of ours, or None when it is no such report or not of ours."""
    message = message_from_bytes(raw)
    named = next((found for text in _addressed(message) if (found := _named(text))), None)
    report = next(_reports(message), None)
    if named is None or report is None:
        return None
    action = _said(report, "Action").lower()
    status = _said(report, "Status")
    if action not in ("failed", "delayed"):
        return None
    diagnosis = _said(report, "Diagnostic-Code").partition(";")[2].strip()
    reason = diagnosis if diagnosis.startswith(status) or status in diagnosis else f"{status} {diagnosis}".strip()
    return Bounce(*named, action == "failed", SAID.sub("(address)", reason)[:LONGEST_SAID])


def _addressed(message: Message) -> Iterator[str]:
    for name in ENVELOPE:
        for value in message.get_all(name, ()):
            yield str(value)


def _named(text: str) -> tuple[int, UUID] | None:
    """Return merchant and letter of an address that we made."""
    found = ADDRESS.search(text)
    if not found:
        return None
    raw = b32decode(f"{found[1].upper()}=")
    named, mark = raw[:SIZE], raw[SIZE:]
    if len(mark) != MARK or not tokens.is_mark(PURPOSE, named, mark):
        return None
    return int.from_bytes(named[:8]), UUID(bytes=named[8:])


def _reports(message: Message) -> Iterator[Message]:
    """Yield what a report says of each recipient; ours have one."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            blocks = payload if isinstance(payload, list) else []
            yield from (block for block in blocks if isinstance(block, Message) and block.get("Action"))


def _said(report: Message, name: str) -> str:
    text = " ".join(str(report.get(name, "")).split())
    return "".join(letter for letter in text if letter.isprintable())
