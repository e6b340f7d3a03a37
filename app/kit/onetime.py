"""One-time codes: six digits for the browser that asked, made from the id of their row and our key.

No database tells the digits. Every area that proves a contact has a table of its own with these columns; how a code
dies is the same for all: after ten minutes, five wrong tries, one right one, or a newer code in the same browser.
"""

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Integer, LargeBinary, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import db, tokens
from app.kit.columns import Moment
from app.kit.errors import Refusal, words
from app.kit.ids import Id
from app.kit.secret import Secret

PURPOSE = "one-time code"
CODE_LIFE = timedelta(minutes=10)
CODE_MINUTES = round(CODE_LIFE / timedelta(minutes=1))
CODE_TRIES = 5
GUESSED_AT = 30  # wrong digits for one contact within a day; then no more codes for it, whoever asks from wherever
DAY = timedelta(days=1)


class OneTimeRow:
    """The columns of a table of one-time codes."""

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    device_id: Mapped[UUID] = mapped_column(Id)
    contact_index: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(Integer)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


Row = TypeVar("Row", bound=OneTimeRow)


class NotSixDigits(Refusal):
    kind = "invalid"
    message = words("A code has six digits.")
    mend = words("It is in the newest message.")


class WrongDigits(Refusal):
    """Words alike for a code that was sent and for one that was not."""

    kind = "invalid"
    message = words("This code is wrong. Tries left: {left}.")
    mend = words("Take the one from the newest message.")

    def __init__(self, left: int) -> None:
        self.left = left


class DeadCode(Refusal):
    """Words alike for a code that is too old, was used, was guessed at too often, or was never asked for here."""

    message = words("No code is good here any more.")
    mend = words("It works once, for {minutes} minutes, in the browser it was asked in. Ask for a new one.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


class TooManyCodes(Refusal):
    kind = "throttled"
    message = words("Too many codes were requested.")
    mend = words("Check your inbox, or wait {minutes} minutes and ask again.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


def digits_of(code_id: UUID) -> Secret:
    """Return the digits of a code, for its letter."""
    return Secret(tokens.digits(PURPOSE, code_id.hex))


def is_digits(code_id: UUID, digits: str) -> bool:
    """Tell whether these are the digits of a code."""
    return tokens.is_digits(PURPOSE, code_id.hex, digits)


def is_guessed_at(table: type[Row], contact: bytes, *, now: datetime) -> bool:
    """Tell whether the codes of a contact were guessed at too often within a day, in whatever browsers."""
    recent = (table.contact_index == contact, table.created_at > now - DAY, table.used_at.is_(None))
    wrong = db.session().scalar(select(func.coalesce(func.sum(table.tries), 0)).where(*recent))
    return int(wrong or 0) >= GUESSED_AT


def newest(table: type[Row], device_id: UUID) -> Row | None:
    """Return the newest code that was asked for in a browser; those before it are good no more."""
    asked = select(table).where(table.device_id == device_id)
    return db.session().scalar(asked.order_by(table.created_at.desc(), table.id.desc()).limit(1))


def spend_try(table: type[Row], code_id: UUID, *, now: datetime) -> int | None:
    """Take one try from a code that is still good, and return how many were made; the database counts them."""
    good = (table.id == code_id, table.tries < CODE_TRIES, table.used_at.is_(None), table.expires_at > now)
    spent = update(table).where(*good).values(tries=table.tries + 1).returning(table.tries)
    return db.session().scalar(spent)


def use_up(table: type[Row], code_id: UUID, *, now: datetime) -> bool:
    """Use a code up, and tell whether that was us: it works once."""
    unused = (table.id == code_id, table.used_at.is_(None))
    return bool(db.changed(update(table).where(*unused).values(used_at=now)))
