"""What SMS services have in common: numbers, what may stand in a text, and faults of an account in plain words.

Operators stop texts with links, so a value that looks like one is refused before anybody is asked. No code of goods
is ever among the values: there is no such variable.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any

from app.kit.effects import Answer, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.kit.party import Account, BadAccount, Finding, Forged, Wire
from app.messages.providers.base import VARIABLES, Later, Message, OutOfOrder, Template

CHINA = timezone(timedelta(hours=8))
DIGITS = "digits"
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
MAINLAND = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
LINK = re.compile(
    r"[a-z][a-z0-9+.-]*:/|www\.|[^\W_]\.(?:[a-z]{2,}|中国|公司|网络|网址|商城)(?![a-z])|[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
    re.IGNORECASE,
)
RESTS = 60.0  # seconds that a service is left alone which cannot be reached
NOBODY = "+8613800138000"  # whom a self-test asks about

MONEY = words("The account there has no money left: top it up.")
KEY = words("It does not know the key: enter the key again.")
RIGHTS = words("The key may not do this: give it the right to send SMS.")
PLACE = words("It takes nothing from this server's address: allow the address there.")
CLOCK = words("The clock of this server is wrong: set it.")
CLOSED = words("The account there is closed or its contract has ended: look there.")
SIGNATURE = words("The signature is not approved there, or is spelled differently.")
DAY = words("The account has used up what it may send in a day.")
NUMBER_ILLEGAL = "the contact is no phone number"


@dataclass(frozen=True)
class Fits:
    """What a service takes as the value of a variable."""

    longest: int
    most_digits: int = 6


class Unfit(Exception):
    """A value cannot stand in a text; the argument says why."""


def number_of(text: str) -> str:
    """Return a number with + and the country's code, or "" for what is none; a mainland one needs no code."""
    plain = re.sub(r"[\s()\-.]", "", text)
    if found := MAINLAND.fullmatch(plain):
        return f"+86{found[1]}"
    return plain if NUMBER.fullmatch(plain) and not plain.startswith("+86") else ""


def filled(message: Message, template: Template, fits: Fits) -> list[tuple[str, str]]:
    """Return the variables of a text with their values, as its template pairs them; raises Unfit."""
    return [(theirs, _value(ours, message.values.get(ours, ""), fits)) for theirs, ours in template.variables]


def _value(name: str, text: str, fits: Fits) -> str:
    value = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    value = re.sub("[【】]", "", value)
    if name not in VARIABLES or not value:
        raise Unfit(f"a value is missing: {name}")
    if LINK.search(value):
        raise Unfit(f"a value looks like a link, which no SMS may hold: {name}")
    if name == DIGITS:
        if not re.fullmatch(rf"[0-9]{{4,{fits.most_digits}}}", value):
            raise Unfit("the code is too long or too short for an SMS")
        return value
    return value if len(value) <= fits.longest else value[: fits.longest - 1] + "…"


# What comes back -------------------------------------------------------------------------------------------------


def asked(http: Client, url: str, body: bytes, headers: Mapping[str, str], content_type: str) -> Response | Answer:
    """Return what a service said; one that cannot be reached rests, what was cut off may have happened."""
    try:
        return http.post(url, body, headers, content_type)
    except Unreachable as error:
        return Later(f"cannot be reached: {error}", RESTS)
    except Interrupted as error:
        return Unknown(f"no answer: {error}")


def said(answer: Response) -> Mapping[str, Any] | None:
    """Return the JSON object of an answer, or None for anything else."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def in_doubt(answer: Answer) -> Answer:
    """Return the answer to a question that failed: whatever was asked about stays as doubtful as it was."""
    return answer if isinstance(answer, Temporary) else Temporary(str(getattr(answer, "reason", "not understood")))


def broken(sentence: str, code: str) -> OutOfOrder:
    """Return that an account is out of order: why, in words that can be translated, and the other side's own code."""
    return OutOfOrder(f"{sentence} · {code}")


def told_in(request: Wire) -> Sequence[Mapping[str, Any]]:
    """Return the receipts of a request, as they came; raises Forged for what is no list of objects."""
    try:
        rows = json.loads(request.body)
    except ValueError as error:
        raise Forged("not understood") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Forged("not understood")
    return rows


# Looking after the account ---------------------------------------------------------------------------------------


def findings(answer: Answer | None) -> tuple[Finding, ...]:
    """Return what a question to the service tells of the account; None is a good answer."""
    if answer is None:
        return (Finding("keys", well=True), Finding("query", well=True))
    sentence = str(getattr(answer, "reason", "")).partition(" · ")[0]
    if isinstance(answer, OutOfOrder):
        name = "clock" if sentence == CLOCK else "keys"
        return (Finding(name, well=False, message=sentence),)
    return (Finding("query", well=False, message=NO_ANSWER, mend=NO_ANSWER_MEND),)


NO_ANSWER = words("It does not answer as it should.")
NO_ANSWER_MEND = words("Try again in a minute; if it keeps happening, ask there.")
NO_TEMPLATE = words("Give the number that the approved template has there.")
ODD_SECRET = words("Copy it from the console there, whole and without blanks.")
NOT_IN_ORDER = words("Number the variables 1, 2, 3 … as they stand in the text.")


def check_secret(account: Account, name: str) -> None:
    """Raise BadAccount for what cannot be a secret: cut short, or with something else beside it."""
    if not re.fullmatch(r"[0-9A-Za-z]{16,128}", account.key(name).expose()):
        raise BadAccount(name, ODD_SECRET)


def check_code(template: Template, pattern: str) -> None:
    """Raise BadAccount when the number of a text cannot be one."""
    if not re.fullmatch(pattern, template.code, re.ASCII):
        raise BadAccount("code", NO_TEMPLATE)
