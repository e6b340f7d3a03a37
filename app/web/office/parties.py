"""Parties outside, as pages of the office show them: the form each declares and what it tells, and self-tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext

from app.kit.party import Account, Field
from app.kit.secret import Secret
from app.web.forms import Form

LONGEST_KEY, LONGEST = 16_000, 500


@dataclass(frozen=True)
class FieldShown:
    """One entry of the form of a party."""

    name: str
    label: str
    hint: str
    kind: str
    choices: Sequence[tuple[str, str]]
    required: bool
    is_secret: bool
    is_later: bool  # the party tells it once it knows our address
    is_number: bool  # our number there, which stays once it is connected


@dataclass(frozen=True)
class FindingShown:
    """One line of a self-test."""

    name: str
    well: bool
    message: str
    mend: str


def fields_shown(fields: Sequence[Field], numbered_by: str) -> list[FieldShown]:
    """Return the form of a party, entry by entry as it declares them."""
    return [_field(field, is_number=field.name == numbered_by) for field in fields]


def labels_of(fields: Sequence[FieldShown]) -> dict[str, str]:
    """Return what the entries of a party's form are called, and the password that seals it."""
    return {field.name: field.label for field in fields} | {"password": gettext("Your password")}


def _field(field: Field, *, is_number: bool) -> FieldShown:
    return FieldShown(
        field.name,
        gettext(field.label),
        gettext(field.help) if field.help else "",
        field.kind.value,
        [(value, gettext(label)) for value, label in field.choices],
        field.required,
        field.is_secret,
        field.later,
        is_number,
    )


def finding_shown(finding: Mapping[str, Any], names: Mapping[str, str]) -> FindingShown:
    """Return one line of a self-test in the reader's language."""
    name = str(finding["name"])
    said = {key: gettext(str(finding[key])) if finding[key] else "" for key in ("message", "mend")}
    return FindingShown(gettext(names[name]) if name in names else name, bool(finding["well"]), **said)


def account_typed(fields: Sequence[Field], numbered_by: str, *, known: bool, lacks: str = "") -> Account:
    """Return the account that a form tells; of a known one, keys left empty stay, and only what it `lacks` is asked.

    Each such form asks for the password as well: one that is missing is told beside the other faults.
    """
    form = Form(request.form)
    values: dict[str, str] = {}
    for field in fields:
        if not (known and field.name == numbered_by):
            required = field.name == lacks or (field.required and not (known and field.is_secret))
            values[field.name] = form.text(
                field.name, most=LONGEST_KEY if field.is_secret else LONGEST, required=required
            )
    form.text("password", most=LONGEST_KEY, required=True)
    form.done()
    return _sorted(fields, values, numbered_by)


def _sorted(fields: Sequence[Field], values: Mapping[str, str], numbered_by: str) -> Account:
    secret = {field.name for field in fields if field.is_secret}
    return Account(
        values.get(numbered_by, ""),
        {name: text for name, text in values.items() if name not in secret and name != numbered_by},
        {name: Secret(text) for name, text in values.items() if name in secret and text},
    )
