"""Everybody's mailbox: lets accounts send their letters into a folder of the test, and reads them there."""

import email
import re
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from app.kit import db, effects, mail
from app.kit.effects import Effect, State
from app.kit.tenancy import PLATFORM

ALIVE = (State.WAITING, State.CALLING, State.UNKNOWN)


class Mailbox:
    """The spool of this test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mail.configure(opener=mail.Spool(folder, "no-reply@shop.example").opened)

    def letters(self, to: str) -> list[EmailMessage]:
        """Send what waits to be sent, and return the letters to one person, oldest first."""
        effects.perform(PLATFORM, db.read(PLATFORM, waiting), within=10)
        files = sorted(self.folder.glob("*.eml"))  # named by ids, which sort by time
        return [letter for letter in map(read, files) if letter["To"] == to]

    def link(self, to: str) -> str:
        """Return the path of the newest link that somebody was sent."""
        return path_in(next(text_of(it) for it in reversed(self.letters(to)) if "/office/reset/" in text_of(it)))


def waiting() -> list[UUID]:
    return list(db.session().scalars(select(Effect.id).where(Effect.state.in_(ALIVE))))


def read(file: Path) -> EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=default)


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def path_in(text: str) -> str:
    """Return the path of the link in a letter."""
    found = re.search(r"https?://[^/\s\"]+(/office/reset/[^\s\"]+)", text)
    assert found, text
    return found[1]
