"""Mail: what a letter is, who writes it, and who carries it. Areas give facts; words and links are the writer's.

The spool keeps each letter as a file that a person, or the machine's own mail program, can read; `kit/smtp.py` hands
letters to a mail server.
"""

import base64
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from email.header import Header
from email.headerregistry import Address
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from app.kit import clock

DOOR = "mail"  # of all letters: one server carries them


@dataclass(frozen=True)
class Letter:
    """One letter to one person; what it says may hold a secret, so it is never printed."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    sender: str = "Miaofa"  # the name it comes from; the address is the installation's
    reply_to: str = ""
    unsubscribe: str = ""  # an address where one POST ends such letters (RFC 8058); only what is optional has one
    return_path: str = ""  # where it comes back to that cannot be delivered; by default whence it came


class NotSent(Exception):
    """The letter certainly did not leave; it may be tried again."""


class NotTaken(Exception):
    """The other side said no for good."""


class Doubtful(Exception):
    """The letter may have left, and nobody can say."""


class Transport(Protocol):
    """Carries letters."""

    def send(self, letter: Letter, *, key: UUID) -> str:
        """Carry a letter under the name `key`, and return what the other side calls it.

        Raises NotSent, NotTaken or Doubtful. A reader's mail program knows the same key again as the same letter.
        """

    def check(self) -> None:
        """Go the way of a letter without one; raises NotSent with what is in the way."""


Opener = Callable[[], AbstractContextManager[Transport]]
Writer = Callable[[str, str, str, Mapping[str, Any]], Letter]
Linker = Callable[..., str]

_opener: Opener | None = None
_writer: Writer | None = None
_linker: Linker | None = None


def configure(*, opener: Opener | None = None, writer: Writer | None = None, linker: Linker | None = None) -> None:
    """Take who opens the way for letters, who writes them, and who knows our addresses; each may be given alone."""
    global _opener, _writer, _linker
    _opener, _writer, _linker = opener or _opener, writer or _writer, linker or _linker


def opened() -> AbstractContextManager[Transport]:
    """Return the way for letters, opened; the client of effects that send mail."""
    if _opener is None:
        raise RuntimeError("mail.configure was not called")
    return _opener()


def trouble() -> str:
    """Return what is in the way of letters just now, or ""."""
    try:
        with opened() as transport:
            transport.check()
    except NotSent as error:
        return str(error)
    return ""


def write(name: str, *, to: str, lang: str, facts: Mapping[str, Any]) -> Letter:
    """Return the letter called `name`, such as `accounts/reset`, in the words of `lang`."""
    if _writer is None:
        raise RuntimeError("mail.configure was not called")
    return _writer(name, to, lang, facts)


def link(endpoint: str, **values: Any) -> str:
    """Return the whole address of a page of ours, for what is read elsewhere."""
    if _linker is None:
        raise RuntimeError("mail.configure was not called")
    return _linker(endpoint, **values)


class Spool:
    """Keeps each letter as a file of its own, whole or not at all, that its owner alone can read."""

    def __init__(self, folder: Path, sender: str) -> None:
        self.folder, self.sender = folder, sender

    def opened(self) -> AbstractContextManager["Spool"]:
        return nullcontext(self)

    def send(self, letter: Letter, *, key: UUID) -> str:
        content = composed(letter, key, self.sender, cte="8bit")  # which can be read as it lies there
        try:
            self.check()
            _replace(self.folder / f"{key}.eml", content)
        except OSError as error:
            raise NotSent(f"the spool cannot be written: {error.strerror}") from None
        return f"{key}.eml"

    def check(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise NotSent(f"the spool cannot be written: {error.strerror}") from None


def composed(letter: Letter, key: UUID, sender: str, *, cte: str) -> bytes:
    """Return a letter as mail programs know it, from the address `sender`; `cte` is how its words are encoded.

    It is put together by hand: the library's own message parses each header several times, which took longer than
    sending it (measured).
    """
    boundary = f"=_{key.hex}"
    raw = not letter.to.isascii()  # then the way of the letter takes UTF-8 in its headers
    headers = {
        "From": _mailbox(letter.sender, sender),
        "To": _mailbox("", letter.to),
        "Reply-To": _mailbox("", letter.reply_to) if letter.reply_to else "",
        "Subject": letter.subject if raw else _encoded(letter.subject),
        "Date": format_datetime(clock.now()),
        "Message-ID": f"<{key}@{sender.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{letter.unsubscribe}>" if letter.unsubscribe else "",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if letter.unsubscribe else "",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    if any(set("\r\n\0") & set(value.replace("\r\n ", "")) for value in headers.values()):
        raise ValueError("a header may hold no linefeed")
    lines = [f"{name}: {value}" for name, value in headers.items() if value] + [""]
    parts = [_part("plain", letter.text, cte), _part("html", letter.html, cte)]
    body = b"".join(b"\r\n--%b\r\n%b" % (boundary.encode(), part) for part in parts)
    return "\r\n".join(lines).encode() + body + b"\r\n--%b--\r\n" % boundary.encode()


def _part(subtype: str, words: str, cte: str) -> bytes:
    plain = "\r\n".join(words.splitlines()).encode() + b"\r\n"
    encoded = b"\r\n".join(base64.encodebytes(plain).splitlines()) if cte == "base64" else plain
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {cte}\r\n\r\n'
    return head.encode() + encoded


def _mailbox(name: str, address: str) -> str:
    """Return an address by its parts: an odd name stays one recipient."""
    user, _, domain = address.rpartition("@")
    if name.isascii():
        return str(Address(name, user, domain))
    return f"{_encoded(name)} <{Address('', user, domain).addr_spec}>"


def _encoded(text: str) -> str:
    if text.isascii():
        return text
    if set("\r\n") & set(text):
        raise ValueError("a header may hold no linefeed")
    return Header(text, "utf-8").encode(linesep="\r\n")


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
