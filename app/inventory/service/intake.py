"""Intake: rows of a file become sealed codes in one multi-row INSERT; what is refused is told apart and counted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.catalog.queries import Kind
from app.inventory import rules
from app.inventory.models import Batch, Code, ImportIssue, IssueKind, Status
from app.kit import crypto, db
from app.kit.ids import new_id
from app.kit.secret import Secret

ENCODE = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` makes an encoder for each code
LOOK_UP = 500  # fingerprints a query: SQLite's and people's patience have limits


@dataclass(frozen=True)
class Row:
    """One line of the file that is not blank."""

    line: int
    values: tuple[str, ...] = field(repr=False)


def take_in(batch: Batch, kind: Kind, rows: Sequence[Row]) -> None:
    """Insert what is new, count all rows on the batch, and note why each other row was not taken."""
    issues: list[dict[str, Any]] = []
    fresh: dict[bytes, dict[str, Any]] = {}
    repeated: list[tuple[int, bytes]] = []
    fingerprints = crypto.fingerprint_key("code")
    seal = _Sealer(batch, kind)
    for row in rows:
        if reason := rules.fault(row.values, len(kind.fields)):
            issues.append(_issue(batch, row.line, IssueKind.INVALID, None, reason))
            continue
        fingerprint = fingerprints.fingerprint(rules.canonical(kind.fields[0], row.values[0]))
        if fingerprint in fresh:
            repeated.append((row.line, fingerprint))
        else:
            fresh[fingerprint] = seal(row, fingerprint)
    issues += _insert(batch, fresh)
    issues += [_issue(batch, line, IssueKind.IN_FILE, fingerprint, "") for line, fingerprint in repeated]
    if issues:
        db.session().execute(insert(ImportIssue.__table__), issues)  # type: ignore[arg-type]
    _count(batch, len(rows), issues)


def _count(batch: Batch, rows: int, issues: Sequence[Mapping[str, Any]]) -> None:
    by_kind = {kind: sum(issue["kind"] is kind for issue in issues) for kind in IssueKind}
    batch.invalid += by_kind[IssueKind.INVALID]
    batch.duplicate_in_file += by_kind[IssueKind.IN_FILE]
    batch.duplicate_in_stock += by_kind[IssueKind.IN_STOCK]
    batch.imported += rows - len(issues)


def _insert(batch: Batch, fresh: Mapping[bytes, dict[str, Any]]) -> list[dict[str, Any]]:
    """Insert all at once; the unique fingerprint decides, whoever else imports at the same time."""
    if not fresh:
        return []
    statement = db.insert_or(Code).on_conflict_do_nothing(index_elements=["merchant_id", "fingerprint"])
    if db.changed(statement, list(fresh.values())) == len(fresh):
        return []
    return _duplicates(batch, fresh)


def _duplicates(batch: Batch, fresh: Mapping[bytes, dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell which rows were there before: of this file when this import met them already, else of the stock."""
    stored: dict[bytes, tuple[UUID, UUID]] = {}
    met: set[bytes] = set()
    wanted = list(fresh)
    for start in range(0, len(wanted), LOOK_UP):
        some = wanted[start : start + LOOK_UP]
        query = select(Code.fingerprint, Code.id, Code.batch_id).where(Code.fingerprint.in_(some))
        stored |= {fingerprint: (number, origin) for fingerprint, number, origin in db.session().execute(query)}
        seen = select(ImportIssue.fingerprint).where(
            ImportIssue.batch_id == batch.id, ImportIssue.fingerprint.in_(some)
        )
        met |= {fingerprint for fingerprint in db.session().scalars(seen) if fingerprint is not None}
    issues = []
    for fingerprint, row in fresh.items():
        number, origin = stored[fingerprint]
        if number == row["id"]:
            continue
        in_file = origin == batch.id or fingerprint in met
        kind = IssueKind.IN_FILE if in_file else IssueKind.IN_STOCK
        issues.append(_issue(batch, row["line"], kind, fingerprint, ""))
    return issues


def _issue(batch: Batch, line: int, kind: IssueKind, fingerprint: bytes | None, reason: str) -> dict[str, Any]:
    return {
        "merchant_id": batch.merchant_id,
        "batch_id": batch.id,
        "line": line,
        "kind": kind,
        "reason": reason,
        "fingerprint": fingerprint,
    }


class _Sealer:
    """Makes the row of a code from a row of a file; the plaintext goes from line to seal and nowhere else."""

    def __init__(self, batch: Batch, kind: Kind) -> None:
        self.fields = kind.fields
        self.key = crypto.load_key(batch.key_id)
        self.prints = crypto.fingerprint_key("code")
        self.batch = batch
        self.common = {
            "merchant_id": batch.merchant_id,
            "sku_id": batch.sku_id,
            "batch_id": batch.id,
            "status": Status.FREE,
            "frozen": False,
            "lane": 0,
            "key_id": batch.key_id,
            "cost": batch.cost_amount,
            "expires_on": batch.expires_on,
        }

    def __call__(self, row: Row, fingerprint: bytes) -> dict[str, Any]:
        number = new_id()
        text = ENCODE(dict(zip(self.fields, row.values, strict=True)))
        return self.common | {
            "id": number,
            "pick": rules.pick(self.batch.created_at, row.line),
            "sealed": self.key.seal("code", "sealed", number, Secret(text)),
            "fingerprint": fingerprint,
            "pin_fingerprint": self._pin_fingerprint(row),
            "tail": rules.tail(self.fields[0], row.values[0]),
            "line": row.line,
            "tags": "",
        }

    def _pin_fingerprint(self, row: Row) -> bytes | None:
        """Return what tells later whether somebody knows both fields; a code of one field has none."""
        if len(self.fields) == 1:
            return None
        first, pin = row.values
        return self.prints.fingerprint(rules.canonical_pair(self.fields[0], first, pin))
