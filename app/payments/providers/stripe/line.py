"""Talking with Stripe: forms with brackets go out, JSON comes back, and each failure is what it means for money.

A change carries an Idempotency-Key, under which Stripe keeps its answer for a day and repeats it, errors included; it
marks those by a header.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.kit.effects import Answer, Temporary, Unknown
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.payments.providers.base import Account

VERSION = "2026-10-28.endive"
FORM = "application/x-www-form-urlencoded"
LONGEST_REASON = 200
BUSY = (409, 429)
KEYS = re.compile(r"\b(?:sk|rk|pk|whsec)_\S+|\S+@\S+")

Fields = Mapping[str, Any]


class Ended(Exception):
    """A talk ended before its purpose; `answer` is what that means."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass(frozen=True)
class Said:
    """What Stripe answered; `replayed` tells that it answered so before, under the same key."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def replayed(self) -> bool:
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def reason(self) -> str:
        """Return Stripe's words, without what looks like a key or an address."""
        error = self.body.get("error")
        told = error if isinstance(error, Mapping) else {}
        code = told.get("code") or told.get("type") or f"status {self.status}"
        return KEYS.sub("…", f"{code}: {told.get('message', '')}")[:LONGEST_REASON]


@dataclass(frozen=True)
class Line:
    """An open line to Stripe in the name of one account."""

    origin: str
    account: Account
    key: str
    http: Client

    @property
    def is_live(self) -> bool:
        return is_live(self.key)

    def ask(self, path: str, fields: Fields | None = None) -> Said:
        """Return the answer to a question; raises Ended with Temporary when there is none that serves.

        Also a no is that: the key may have been changed, and whoever asks about money must not take it for an answer.
        """
        said = self.look(path, fields)
        if said.status != 200:
            raise Ended(Temporary(said.reason))
        return said

    def look(self, path: str, fields: Fields | None = None) -> Said:
        """Return the answer to a question, also a no; raises Ended with Temporary when there is none."""
        query = f"?{form(fields)}" if fields else ""
        try:
            response = self.http.get(f"{self.origin}/v1/{path}{query}", self._headers)
        except (Unreachable, Interrupted) as error:
            raise Ended(Temporary(str(error))) from error
        said = _said(response)
        if said is None or said.status >= 500 or said.status in BUSY:
            raise Ended(Temporary(_trouble(response)))
        return said

    def tell(self, path: str, fields: Fields, key: str = "") -> Said:
        """Return the answer to a change, also a no; raises Ended with Unknown when it may have happened."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        try:
            response = self.http.post(f"{self.origin}/v1/{path}", form(fields), headers, FORM)
        except Unreachable as error:
            raise Ended(Temporary(str(error))) from error
        except Interrupted as error:
            raise Ended(Unknown(str(error))) from error
        said = _said(response)
        if response.status == 429:
            raise Ended(Temporary(_trouble(response)))
        if said is None or said.status == 409 or (said.status >= 500 and not said.replayed):
            raise Ended(Unknown(_trouble(response)))
        return said

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Stripe-Version": VERSION}


def is_live(key: str) -> bool:
    """Tell whether a key moves real money."""
    return "_live_" in key[:8]


def form(fields: Fields) -> str:
    """Return fields as Stripe reads them: `line_items[0][quantity]=1`."""
    return urlencode(list(_flat(fields)))


def _flat(fields: Fields, within: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        place = f"{within}[{name}]" if within else str(name)
        if isinstance(value, Mapping):
            yield from _flat(value, place)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from _flat({str(number): item for number, item in enumerate(value)}, place)
        else:
            yield place, str(value).lower() if isinstance(value, bool) else str(value)


def _said(response: Response) -> Said | None:
    """Return a JSON answer, or None for what Stripe cannot have said."""
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return None
    return Said(response.status, body, response.headers)


def _trouble(response: Response) -> str:
    return f"status {response.status}" if response.status >= 400 else "answer not understood"
