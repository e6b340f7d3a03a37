"""Reading forms: text in, values out, each fault a refusal tied to its field."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from app.kit.errors import Invalid, Refusal, Required, TooLong, words
from app.kit.money import Money, NotMoney, parse


class NotANumber(Refusal):
    kind = "invalid"
    message = words("Give a whole number.")


class NotADate(Refusal):
    kind = "invalid"
    message = words("Give a date such as 2027-01-31.")


class NotAnAmount(Refusal):
    kind = "invalid"
    message = words("Give an amount such as 19.90.")


class Form:
    """A form being read; `done` raises all faults at once."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = {name: value.replace("\0", "") for name, value in fields.items()}  # which no database takes
        self.faults: dict[str, Refusal] = {}

    def text(self, name: str, *, most: int, required: bool = False) -> str:
        value = self.fields.get(name, "").strip()
        if required and not value:
            self.faults[name] = Required()
        if len(value) > most:
            self.faults[name] = TooLong(most)
            return ""
        return value

    def number(self, name: str, *, default: int) -> int:
        value = self.fields.get(name, "").strip() or str(default)
        digits = value.removeprefix("-")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
            self.faults[name] = NotANumber()
            return default
        return int(value)

    def money(self, name: str, currency: str, *, default: str = "") -> Money:
        try:
            return parse(self.fields.get(name, "").strip() or default, currency)
        except NotMoney:
            self.faults[name] = NotAnAmount()
            return Money(0, currency)

    def date(self, name: str) -> date | None:
        value = self.fields.get(name, "").strip()
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self.faults[name] = NotADate()
            return None

    def also(self, *verbs: Callable[[], Any]) -> list[Any]:
        """Call verbs and return their answers; raises Invalid with all that is wrong, theirs and the form's own.

        What a verb did beside a fault is undone with the unit.
        """
        answers = []
        for verb in verbs:
            try:
                answers.append(verb())
            except Invalid as refusal:
                self.faults = dict(refusal.fields) | self.faults
        self.done()
        return answers

    def done(self) -> None:
        """Raise Invalid when anything was wrong."""
        if self.faults:
            raise Invalid(self.faults)


def own_path(text: str) -> str:
    """Return a path of ours to go back to; anything else leads home."""
    parts = urlsplit(text)
    safe = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return text if safe and text.isprintable() else "/"
