"""Codes by what people type: by keyed fingerprint, so that nothing is opened."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from app.inventory.marks import CodeMark
from app.inventory.models import Code, Status
from app.inventory.rules import canonical, canonical_pair
from app.kit import crypto, db
from app.kit.inline import MANY, among, is_in, spread
from app.kit.secret import Secret

LOOK_UP = 500  # fingerprints a query


@dataclass(frozen=True)
class Typed:
    """What somebody typed: a code, or a number or account, and its PIN or password when there is one."""

    text: Secret
    pin: Secret | None = None


@dataclass(frozen=True)
class Standing:
    """How a code stands: whose it is, and whether it may be used; `proved` when the PIN that was typed is its own."""

    code_id: UUID
    sku_id: UUID
    entitlement_id: UUID | None
    status: Status
    frozen: bool
    needs_pin: bool = False
    proved: bool = False


CODE, MARK = Code.__table__.c, CodeMark.__table__.c
FACTS = (CODE.id, CODE.sku_id, CODE.entitlement_id, CODE.status, CODE.frozen)


def mark_of(text: Secret) -> str:
    """Return a mark of what was typed; it tells nobody without our key what that was. Without codes there is none."""
    key = crypto.find_fingerprint_key("code")
    return key.fingerprint(canonical("code", text.expose())).hex() if key else ""


def list_typed(typed: Sequence[Typed]) -> list[Standing | None]:
    """Return for each text the code it is, or None; by fingerprint, so nothing is opened."""
    key = crypto.find_fingerprint_key("code")
    if key is None:
        return [None] * len(typed)
    marks = [_marks(key, one) for one in typed]
    found: dict[bytes, Any] = {}
    wanted = sorted({mark for pair in marks for mark in pair})
    for at in range(0, len(wanted), LOOK_UP):
        some = wanted[at : at + LOOK_UP]
        count = 0 if len(some) > MANY and not db.is_sqlite() else len(some)
        binds = {"merchant": db.merchant_id()} | (spread("mark", some) if count else {"mark": some})
        found |= {row.fingerprint: row for row in db.session().execute(_with_marks(count), binds)}
    rows: list[Any] = [next((found[mark] for mark in pair if mark in found), None) for pair in marks]
    return [_standing(key, one, row) if row else None for one, row in zip(typed, rows, strict=True)]


@lru_cache(maxsize=64)  # making a statement costs more than running it
def _with_marks(count: int) -> Select[Any]:
    """Return the question for so many marks, or, for 0, for any number that comes as an array."""
    mark = among(MARK.fingerprint, "mark", count) if count else is_in(MARK.fingerprint, "mark")
    mine = (MARK.merchant_id == bindparam("merchant"), CODE.merchant_id == bindparam("merchant"), mark)
    return select(*FACTS, MARK.fingerprint, CODE.pin_fingerprint).where(*mine, CODE.id == MARK.code_id)


def _marks(key: crypto.Key, typed: Typed) -> tuple[bytes, ...]:
    """Return the fingerprints that a text may have; an account has one of its own spelling."""
    text = typed.text.expose()
    return tuple(key.fingerprint(each) for each in dict.fromkeys((canonical("code", text), canonical("account", text))))


def _standing(key: crypto.Key, typed: Typed, row: Any) -> Standing:
    proved = row.pin_fingerprint is None
    if typed.pin is not None and not proved:
        text, pin = typed.text.expose(), typed.pin.expose()
        pairs = (canonical_pair(field, text, pin) for field in ("number", "account"))
        proved = any(hmac.compare_digest(key.fingerprint(pair), row.pin_fingerprint) for pair in pairs)
    facts = (row.id, row.sku_id, row.entitlement_id, row.status, row.frozen)
    return Standing(*facts, needs_pin=row.pin_fingerprint is not None, proved=proved)
