"""Marks: the keyed fingerprints by which codes are told apart and found; the database lets each be noted once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, and_, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.inventory.models import Code
from app.kit import db
from app.kit.ids import Id
from app.kit.tenancy import Owned


class CodeMark(Owned):
    """The keyed fingerprint of a code, which no other code of its merchant has; noted before the code is.

    Unique here and not where the codes are, so that no sale writes this index: it is the one in which neighbours have
    nothing in common. (docs/decisions/0030-marks.md)
    """

    __tablename__ = "code_mark"
    __table_args__ = ({"sqlite_with_rowid": False},)

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    code_id: Mapped[UUID] = mapped_column(Id)


LOOK_UP = 500  # fingerprints a query: SQLite's and people's patience have limits
MARK = CodeMark.__table__.c
OF_CODE = and_(CodeMark.merchant_id == Code.merchant_id, CodeMark.code_id == Code.id)


def insert_new(rows: Iterable[dict[str, Any]]) -> set[UUID]:
    """Insert codes that are not there yet, each with its mark, and return the ids of those."""
    first: dict[bytes, dict[str, Any]] = {}
    for row in rows:
        first.setdefault(row["fingerprint"], row)
    noted = _note({mark: row["id"] for mark, row in first.items()})
    new = [row for mark, row in first.items() if mark in noted]
    db.insert((Code.__table__, new))
    return {row["id"] for row in new}


def _note(ids: Mapping[bytes, UUID]) -> set[bytes]:
    """Note the fingerprints of codes that are about to come, and return those that were new."""
    merchant = db.merchant_id()
    rows = [{"merchant_id": merchant, "fingerprint": mark, "code_id": number} for mark, number in ids.items()]
    if db.insert_new(CodeMark, rows) == len(rows):
        return set(ids)
    return {mark for mark, number in find(list(ids)).items() if number == ids[mark]}


def forget(codes: Sequence[ColumnElement[bool]]) -> None:
    """Forget the marks of codes that are about to go."""
    gone = select(Code.__table__.c.fingerprint).where(*codes)
    mine = (MARK.merchant_id == db.merchant_id(), MARK.fingerprint.in_(gone))
    db.changed(delete(CodeMark.__table__).where(*mine))  # type: ignore[arg-type]


def find(marks: Sequence[bytes]) -> dict[bytes, UUID]:
    """Return the codes that have these fingerprints."""
    return {row.fingerprint: row.code_id for row in _look_up(select(CodeMark.fingerprint, CodeMark.code_id), marks)}


def find_codes(marks: Sequence[bytes]) -> dict[bytes, Any]:
    """Return id, batch and status of the codes that have these fingerprints."""
    query = select(CodeMark.fingerprint, Code.id, Code.batch_id, Code.status).join(Code, OF_CODE)
    return {row.fingerprint: row for row in _look_up(query, marks)}


def _look_up(query: Any, marks: Sequence[bytes]) -> list[Any]:
    found: list[Any] = []
    for at in range(0, len(marks), LOOK_UP):
        some = marks[at : at + LOOK_UP]
        found += db.session().execute(query.where(CodeMark.fingerprint.in_(some)))
    return found
