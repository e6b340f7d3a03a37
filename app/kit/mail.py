"""Mail: what a letter is, who writes it, and who carries it. Areas give facts; words and links are the writer's.

The spool keeps each letter as a file that a person, or the machine's own mail program, can read.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from app.kit import clock


@dataclass(frozen=True)
class Letter:
    """One letter to one person; what it says may hold a secret, so it is never printed."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class NotSent(Exception):
    """The letter certainly did not leave; it may be tried again."""


class Transport(Protocol):
    """Carries letters."""

    def send(self, letter: Letter, *, key: UUID) -> None:
        """Carry a letter; the same key again is the same letter, not a second one. Raises NotSent."""


Opener = Callable[[], AbstractContextManager[Transport]]
Writer = Callable[[str, str, str, Mapping[str, Any]], Letter]

_opener: Opener | None = None
_writer: Writer | None = None


def configure(*, opener: Opener | None = None, writer: Writer | None = None) -> None:
    """Take who opens the way for letters and who writes them; each may be given on its own."""
    global _opener, _writer
    _opener, _writer = opener or _opener, writer or _writer


def opened() -> AbstractContextManager[Transport]:
    """Return the way for letters, opened; the client of effects that send mail."""
    if _opener is None:
        raise RuntimeError("mail.configure was not called")
    return _opener()


def write(name: str, *, to: str, lang: str, facts: Mapping[str, Any]) -> Letter:
    """Return the letter called `name`, such as `accounts/reset`, in the words of `lang`."""
    if _writer is None:
        raise RuntimeError("mail.configure was not called")
    return _writer(name, to, lang, facts)


class Spool:
    """Keeps each letter as a file of its own, whole or not at all, that its owner alone can read."""

    def __init__(self, folder: Path, host: str) -> None:
        self.folder, self.host = folder, host

    def opened(self) -> AbstractContextManager["Spool"]:
        return nullcontext(self)

    def send(self, letter: Letter, *, key: UUID) -> None:
        content = _message(letter, key, self.host).as_bytes()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _replace(self.folder / f"{key}.eml", content)
        except OSError as error:
            raise NotSent(f"the spool cannot be written: {error.strerror}") from None


def _message(letter: Letter, key: UUID, host: str) -> EmailMessage:
    user, _, domain = letter.to.rpartition("@")
    message = EmailMessage(policy=SMTP.clone(utf8=not letter.to.isascii()))
    message["From"] = Address("Miaofa", "no-reply", host)
    message["To"] = Address("", user, domain)  # quoted by its parts: an odd name stays one recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{key}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="8bit")  # so that the file can be read as it lies there
    message.add_alternative(letter.html, subtype="html", cte="8bit")
    return message


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
