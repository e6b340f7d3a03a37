"""Refusals: what the business says no to, in words for a person. Anything else that escapes is a bug."""

import re
from collections.abc import Mapping
from typing import ClassVar, Literal

Kind = Literal["invalid", "denied", "missing", "conflict", "busy", "throttled"]


def words(text: str) -> str:
    """Mark `text` for the translators; it is translated where it is shown, since areas know no language."""
    return text


class Refusal(Exception):
    """A no with a reason: `message` and `mend` are msgids filled from the instance's attributes."""

    kind: ClassVar[Kind] = "conflict"
    message: ClassVar[str]
    mend: ClassVar[str] = ""

    @property
    def code(self) -> str:
        """Return the stable word that programs hold on to: `OutOfStock` → `out_of_stock`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def __str__(self) -> str:
        return self.message.format(**vars(self))


class NotFound(Refusal):
    kind = "missing"
    message = words("This page or record does not exist.")
    mend = words("Check the address, or go back and open it from a list.")


class Denied(Refusal):
    kind = "denied"
    message = words("Your role does not allow this.")
    mend = words("Ask an owner of the shop for the permission “{permission}”.")

    def __init__(self, permission: str) -> None:
        self.permission = permission


class Busy(Refusal):
    kind = "busy"
    message = words("The shop is very busy and nothing was changed.")
    mend = words("Try again in a few seconds.")


class Invalid(Refusal):
    """What was typed cannot be taken; `fields` says which field and why, as refusals of their own."""

    kind = "invalid"
    message = words("Something needs to be corrected.")

    def __init__(self, fields: Mapping[str, Refusal]) -> None:
        self.fields = dict(fields)


class Required(Refusal):
    kind = "invalid"
    message = words("Fill in this field.")


class TooLong(Refusal):
    kind = "invalid"
    message = words("At most {limit} characters fit here.")

    def __init__(self, limit: int) -> None:
        self.limit = limit
