"""Paging by key: a page starts after a row, not after a number, so page 10,000 costs what page 1 costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.kit import db, tokens

R = TypeVar("R")
Key = InstrumentedAttribute[Any]
SIZES = (50, 100, 200)


@dataclass(frozen=True)
class Page(Generic[R]):
    """Some rows of a list, with the cursors of its neighbours (None at an end)."""

    rows: Sequence[R]
    next: str | None
    previous: str | None


def page(query: Select[Any], keys: Sequence[Key], *, cursor: str | None, size: int) -> Page[Any]:
    """Return one page of `query`, newest first, ordered by `keys` (the last one unique)."""
    names = [str(key) for key in keys]
    backwards, after = read_cursor(names, cursor)
    if after is not None:
        mine, theirs = tuple_(*keys), tuple_(*(_typed(key, value) for key, value in zip(keys, after, strict=True)))
        query = query.where(mine > theirs if backwards else mine < theirs)
    order = [key.asc() if backwards else key.desc() for key in keys]
    rows = list(db.session().scalars(query.order_by(*order).limit(size + 1)))
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page((), None, None)
    first, last = ([getattr(row, str(key.key)) for key in keys] for row in (rows[0], rows[-1]))
    return Page(
        rows,
        next=write_cursor(names, False, last) if more or backwards else None,
        previous=write_cursor(names, True, first) if (more if backwards else after is not None) else None,
    )


def _typed(key: Key, value: Any) -> ColumnElement[Any]:
    return literal(value, key.type)


def write_cursor(names: Sequence[str], backwards: bool, values: Sequence[Any]) -> str:
    """Return a cursor as signed URL-safe text, good for lists in this order alone."""
    return tokens.sign(_purpose(names), [backwards, [_pack(value) for value in values]])


def read_cursor(names: Sequence[str], text: str | None) -> tuple[bool, list[Any] | None]:
    """Return direction and key values; a cursor that we did not write starts at the first page."""
    said = tokens.read(_purpose(names), text) if text else None
    if said is None:
        return False, None
    backwards, values = said
    return backwards, [_unpack(value) for value in values]


def _purpose(names: Sequence[str]) -> str:
    return f"cursor:{','.join(names)}"


def _pack(value: Any) -> Any:
    if isinstance(value, UUID):
        return {"id": value.hex}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        return UUID(value["id"]) if "id" in value else datetime.fromisoformat(value["at"])
    return value
