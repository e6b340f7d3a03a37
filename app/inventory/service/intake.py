"""Intake: rows of a file become sealed codes in one multi-row INSERT; what is refused is told apart and counted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from app.catalog import queries as catalog
from app.catalog.queries import Kind
from app.inventory import costs, files, marks, rules
from app.inventory.models import Batch, ImportIssue, IssueKind, Status
from app.kit import crypto, db
from app.kit.ids import new_id
from app.kit.money import LARGEST
from app.kit.secret import Secret

ENCODE = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` makes an encoder for each code


@dataclass(frozen=True)
class Row:
    """One line of the file that is not blank."""

    line: int
    values: tuple[str, ...] = field(repr=False)
    expires: str = ""
    tags: str = ""
    cost: int | None = None  # minor units
    cost_fault: str = ""


def rows_of(batch: Batch, kind: Kind, part: Iterable[str], before: int) -> list[Row]:
    """Return the rows among some lines of a staged file, the first of which is line `before` + 1."""
    form = files.Format(batch.delimiter, tuple(batch.columns.split(",")), has_header=False)
    more = [name for name in files.MORE if name in form.columns]
    numbered = ((before + offset, line) for offset, line in enumerate(part, 1) if line.strip())
    if not more:
        return [Row(number, tuple(form.values(line, kind.fields))) for number, line in numbered]
    names = (*kind.fields, *more)
    return [_row(batch, number, form.values(line, names), kind.fields, more) for number, line in numbered]


def _row(batch: Batch, number: int, values: Sequence[str], fields: Sequence[str], more: Sequence[str]) -> Row:
    if len(values) != len(fields) + len(more):
        return Row(number, ("",) * (len(fields) + 1))  # a wrong number of columns
    said = dict(zip(more, values[len(fields) :], strict=True))
    cost, fault = costs.read_cost(said.get("cost", ""), batch.cost_currency)
    return Row(number, tuple(values[: len(fields)]), said.get("expires", ""), said.get("tags", ""), cost, fault)


def fault_of(row: Row, fields: Sequence[str]) -> str:
    """Return why a row cannot be a code, as a stable word, or "" when it can."""
    return rules.fault(row.values, len(fields)) or rules.fault_beside(row.expires, row.tags) or row.cost_fault


def take_in(batch: Batch, kind: Kind, rows: Sequence[Row]) -> None:
    """Insert what is new, count all rows on the batch, and note why each other row was not taken."""
    issues: list[dict[str, Any]] = []
    fresh: dict[bytes, dict[str, Any]] = {}
    repeated: list[tuple[int, bytes]] = []
    fingerprints = crypto.fingerprint_key("code")
    seal = _Sealer(batch, kind)
    for row in rows:
        if reason := fault_of(row, kind.fields) or _misfit(kind, row.values) or seal.excess(row):
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
    _count_costs(batch, fresh.values(), {issue["line"] for issue in issues})


def _misfit(kind: Kind, values: Sequence[str]) -> str:
    return "link" if rules.is_bad_link(kind.fields[0], values[0]) else ""


def _count(batch: Batch, rows: int, issues: Sequence[Mapping[str, Any]]) -> None:
    by_kind = {kind: sum(issue["kind"] is kind for issue in issues) for kind in IssueKind}
    batch.invalid += by_kind[IssueKind.INVALID]
    batch.duplicate_in_file += by_kind[IssueKind.IN_FILE]
    batch.duplicate_in_stock += by_kind[IssueKind.IN_STOCK] + by_kind[IssueKind.WAS_SOLD]
    batch.imported += rows - len(issues)


def _count_costs(batch: Batch, fresh: Iterable[Mapping[str, Any]], refused: set[int]) -> None:
    """Add up what the codes that came in cost, as far as they said it themselves."""
    own = [row["cost"] for row in fresh if row.get("own_cost") and row["line"] not in refused]
    batch.own_costed += len(own)
    batch.own_costs += sum(own)


def _insert(batch: Batch, fresh: Mapping[bytes, dict[str, Any]]) -> list[dict[str, Any]]:
    """Insert all at once; the unique fingerprint decides, whoever else imports at the same time."""
    if not fresh:
        return []
    _widen(batch, fresh)
    new = marks.insert_new(fresh.values())
    return _duplicates(batch, {mark: row for mark, row in fresh.items() if row["id"] not in new})


def _widen(batch: Batch, fresh: Mapping[bytes, dict[str, Any]]) -> None:
    """Note between which ids the codes of a batch lie, so that they are found without an index of their own."""
    ids = [row["id"] for row in fresh.values()]
    batch.first_code = min(ids) if batch.first_code is None else min(batch.first_code, *ids)
    batch.last_code = max(ids) if batch.last_code is None else max(batch.last_code, *ids)


def _duplicates(batch: Batch, fresh: Mapping[bytes, dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell which rows were there before: of this file when this import met them already, else of the stock."""
    wanted = list(fresh)
    stored, met = marks.find_codes(wanted), set[bytes]()
    for start in range(0, len(wanted), marks.LOOK_UP):
        some = wanted[start : start + marks.LOOK_UP]
        seen = select(ImportIssue.fingerprint).where(
            ImportIssue.batch_id == batch.id, ImportIssue.fingerprint.in_(some)
        )
        met |= {fingerprint for fingerprint in db.session().scalars(seen) if fingerprint is not None}
    issues = []
    for fingerprint, row in fresh.items():
        known = stored[fingerprint]
        in_file = known.batch_id == batch.id or fingerprint in met
        kind = IssueKind.IN_FILE if in_file else kind_in_stock(known.status)
        issues.append(_issue(batch, row["line"], kind, fingerprint, ""))
    return issues


def kind_in_stock(status: Status) -> IssueKind:
    """Return what a row is that the shop has had before."""
    return IssueKind.WAS_SOLD if status is Status.SOLD else IssueKind.IN_STOCK


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
        self.own_costs = batch.own_costs
        self.strategy = catalog.keep_strategy(batch.sku_id)
        self.common = {
            "merchant_id": batch.merchant_id,
            "sku_id": batch.sku_id,
            "batch_id": batch.id,
            "status": Status.FREE,
            "frozen": batch.recalled_at is not None,  # what comes in after a recall is not sold either
            "lane": batch.lane,
            "key_id": batch.key_id,
            "cost": batch.cost_amount,
        }
        self.of_batch: dict[str, Any] = {"expires_on": batch.expires_on, "tags": ""}
        if costs.FIELD in batch.columns.split(","):
            self.of_batch["own_cost"] = None  # all rows of a statement name the same columns

    def __call__(self, row: Row, fingerprint: bytes) -> dict[str, Any]:
        number = new_id()
        text = ENCODE(dict(zip(self.fields, row.values, strict=True)))
        own = self._of_its_own(row)
        place = (self.batch.created_at, row.line, self.strategy)
        return (
            self.common
            | own
            | {
                "id": number,
                "pick": rules.pick(*place, expires_on=own["expires_on"], rank=self.batch.rank),
                "sealed": self.key.seal("code", "sealed", number, Secret(text)),
                "fingerprint": fingerprint,
                "pin_fingerprint": self._pin_fingerprint(row),
                "tail": rules.tail(self.fields[0], row.values[0]),
                "line": row.line,
            }
        )

    def excess(self, row: Row) -> str:
        """Return why a row is refused whose cost the books of its batch could not hold any more, or ""."""
        self.own_costs += row.cost or 0
        return "cost_too_large" if self.own_costs > LARGEST // 2 else ""

    def _of_its_own(self, row: Row) -> dict[str, Any]:
        """Return what a row says itself, or else its batch."""
        if not row.expires and not row.tags and row.cost is None:
            return self.of_batch
        own = {} if row.cost is None else {"cost": row.cost, "own_cost": True}
        expires_on = rules.read_date(row.expires) or self.batch.expires_on
        return self.of_batch | own | {"expires_on": expires_on, "tags": rules.read_tags(row.tags)}

    def _pin_fingerprint(self, row: Row) -> bytes | None:
        """Return what tells later whether somebody knows both fields; a code of one field has none."""
        if len(self.fields) == 1:
            return None
        first, pin = row.values
        return self.prints.fingerprint(rules.canonical_pair(self.fields[0], first, pin))
