"""What WeChat, WeCom and DingTalk share: JSON over HTTP, answered by a number in `errcode` whatever the status says.

Each party has a table of its numbers: which say that our token is worn out, that it was too much just now, that the
account is out of order and how to mend it. Any other number is a no to this message.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.kit.secret import Secret
from app.messages.providers.base import Later, OutOfOrder, Stale, Token

LONGEST_REASON = 200
CUT = "…"

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Codes:
    """What the numbers of a party mean."""

    stale: frozenset[int] = frozenset()
    busy: frozenset[int] = frozenset({-1})
    later: Mapping[int, Callable[[], float]] = field(default_factory=dict)  # seconds to wait
    broken: Mapping[int, str] = field(default_factory=dict)  # how to mend it


@dataclass(frozen=True)
class Talk:
    """The way to one party: where it is, what its numbers mean, and by what we ask."""

    origin: str
    codes: Codes
    http: Client

    def tell(self, path: str, content: Mapping[str, Any], read: Callable[[Said], Answer]) -> Answer:
        """Ask for something that must not happen twice; where the answer is lost, nobody knows whether it did."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return self._exchange(lambda: self.http.post(f"{self.origin}{path}", body), read, Unknown)

    def post(self, path: str, content: Mapping[str, Any], read: Callable[[Said], Answer]) -> Answer:
        """Ask what changes nothing, by a POST."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return self._exchange(lambda: self.http.post(f"{self.origin}{path}", body), read, Temporary)

    def get(self, path: str, read: Callable[[Said], Answer]) -> Answer:
        """Ask what changes nothing."""
        return self._exchange(lambda: self.http.get(f"{self.origin}{path}"), read, Temporary)

    def _exchange(
        self, send: Callable[[], Response], read: Callable[[Said], Answer], broken: type[Temporary] | type[Unknown]
    ) -> Answer:
        try:
            response = send()
        except Unreachable as error:
            return Temporary(str(error))
        except Interrupted as error:
            return broken(str(error))
        if response.status >= 500:
            return broken(f"answered with status: {response.status}")
        said = _understood(response.body)
        return broken("answer not understood") if said is None else self._meant(said, read)

    def _meant(self, said: Said, read: Callable[[Said], Answer]) -> Answer:
        code = number_of(said)
        reason = f"{code}: {said.get('sub_msg') or said.get('errmsg', '')}"[:LONGEST_REASON]
        if code == 0:
            return read(said)
        if code in self.codes.stale:
            return Stale(reason)
        if code in self.codes.busy:
            return Temporary(reason)
        if code in self.codes.later:
            return Later(reason, self.codes.later[code]())
        if code in self.codes.broken:
            return OutOfOrder(reason, self.codes.broken[code])
        return Refused(reason)


def number_of(said: Said) -> int:
    """Return what an answer says; DingTalk puts the number of some faults behind another one (88)."""
    code = said.get("errcode", 0)
    if code == 88 and str(said.get("sub_code", "")).isdigit():
        return int(said["sub_code"])
    return code if isinstance(code, int) else -1


def answered(said: Said) -> Answer:
    """Return what a party answered, in its own words."""
    return Done(f"{number_of(said)}: {said.get('errmsg', '')}"[:LONGEST_REASON])


def token_in(said: Said) -> Answer:
    """Return the access token of an answer."""
    text, seconds = said.get("access_token"), said.get("expires_in")
    if not isinstance(text, str) or not text or not isinstance(seconds, int | float):
        return Temporary("answer not understood")
    return Done(Token(Secret(text), float(seconds)))


def fits(text: str, most: int) -> str:
    """Return a text of at most so many characters, with a sign where it was cut."""
    return text if len(text) <= most else text[: most - 1] + CUT


def fits_bytes(text: str, most: int) -> str:
    """Return a text of at most so many bytes in UTF-8, with a sign where it was cut, and no half letter."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[: most - len(CUT.encode())].decode(errors="ignore") + CUT


def _understood(body: bytes) -> Said | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
