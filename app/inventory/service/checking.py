"""The dry run over a staged file: what an import of it would count, without a word to the pool.

It goes chunk by chunk, each in its own unit that moves its position, and leaves for each chunk the marks of its codes
(the first bytes of their fingerprints, sealed), so that whoever goes on knows what stood earlier in the file.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from app.catalog.queries import Kind
from app.inventory import mapping, marks, rules
from app.inventory.mapping import Check, Plan
from app.inventory.models import Batch, BatchState, ImportChunk, ImportIssue, IssueKind
from app.inventory.service.intake import Row, fault_of, kind_in_stock, rows_of
from app.inventory.staged import BYTES, KINDS, STAGING, kind_of, lines_of
from app.kit import crypto, db
from app.kit.secret import Secret

MARK = 8  # bytes of a fingerprint; enough to tell the codes of one file apart
NAMES = {kind: name for name, kind in KINDS.items()}

# The marks of the file that this process checked last, and up to which chunk; anybody else gathers them anew.
_last: dict[tuple[UUID, int], set[int]] = {}


def check_slice(batch_id: UUID) -> Plan:
    """Count the rows of the next chunk of a staged file and return its plan; the position moves in the same unit."""
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one_or_none()
    plan = mapping.read_plan(batch.choices) if batch else Plan()
    if batch is None or batch.state is not BatchState.STAGED or plan.check is None or plan.check.state != "running":
        return plan
    lines = lines_of(batch, plan.check.chunk)
    if lines is None:
        _last.clear()
    plan = plan.with_check(state="done") if lines is None else _checked(batch, plan, plan.check, lines)
    batch.choices = plan.written()
    return plan


def _checked(batch: Batch, plan: Plan, check: Check, lines: Sequence[str]) -> Plan:
    kind, part = kind_of(batch), lines[check.row :]
    rows = rows_of(batch, kind, part, check.lines)
    earlier = _marks_before(batch, plan, check.chunk)
    issues, fresh = _sorted(rows, kind, earlier)
    issues += [(line, found, "") for line, found in _in_stock(fresh).items()]
    if issues:
        db.session().execute(insert(ImportIssue.__table__), [_issue(batch, *issue) for issue in issues])  # type: ignore[arg-type]
    marks = {_mark(fingerprint) for fingerprint in fresh}
    _write_marks(batch, check.chunk, marks)
    db.unit().after_commit.append(partial(_remember, batch.id, check.chunk, earlier, marks))
    counted = dict.fromkeys(NAMES.values(), 0)
    for _, found, _ in issues:
        counted[NAMES[found]] += 1
    added = {name: getattr(check, name) + count for name, count in counted.items()}
    new, refused = check.new + len(rows) - len(issues), {line for line, _, _ in issues}
    own = [row.cost for row in rows if row.cost is not None and row.line not in refused]
    added |= {"own_costed": check.own_costed + len(own), "own_costs": check.own_costs + sum(own)}
    return plan.with_check(chunk=check.chunk + 1, row=0, lines=check.lines + len(part), new=new, **added)


Issue = tuple[int, IssueKind, str]


def _sorted(rows: Iterable[Row], kind: Kind, earlier: set[int]) -> tuple[list[Issue], dict[bytes, int]]:
    """Return the rows that are no codes or stood earlier, and the lines of the others by fingerprint."""
    key = crypto.fingerprint_key("code")
    issues: list[Issue] = []
    fresh: dict[bytes, int] = {}
    for row in rows:
        if reason := fault_of(row, kind.fields):
            issues.append((row.line, IssueKind.INVALID, reason))
            continue
        fingerprint = _fingerprint(key, kind, row)
        if fingerprint in fresh or _mark(fingerprint) in earlier:
            issues.append((row.line, IssueKind.IN_FILE, ""))
        else:
            fresh[fingerprint] = row.line
    return issues, fresh


def _fingerprint(key: crypto.Key, kind: Kind, row: Row) -> bytes:
    return key.fingerprint(rules.canonical(kind.fields[0], row.values[0]))


def _in_stock(fresh: Mapping[bytes, int]) -> dict[int, IssueKind]:
    """Return which lines the shop has had before, and whether it sold them."""
    known = marks.find_codes(sorted(fresh))
    return {fresh[fingerprint]: kind_in_stock(code.status) for fingerprint, code in known.items()}


def unwanted_line(plan: Plan, kind: Kind, rows: Sequence[Row]) -> int:
    """Return the first line at which an import has to stop as somebody chose, or 0."""
    issues, fresh = _sorted(rows, kind, set())
    lines = [*_in_stock(fresh)] if plan.duplicates == mapping.STOP else []
    for line, found, _ in issues:
        choice = plan.invalid if found is IssueKind.INVALID else plan.duplicates
        lines += [line] if choice == mapping.STOP else []
    return min(lines, default=0)


def _issue(batch: Batch, line: int, kind: IssueKind, reason: str) -> dict[str, Any]:
    place = {"merchant_id": batch.merchant_id, "batch_id": batch.id, "line": line}
    return place | {"kind": kind, "reason": reason, "fingerprint": None}


# What stood earlier ----------------------------------------------------------------------------------------------


def _mark(fingerprint: bytes) -> int:
    return int.from_bytes(fingerprint[:MARK], "big")


def _marks_before(batch: Batch, plan: Plan, chunk: int) -> set[int]:
    """Return the marks of all codes of the sheet that stand before a chunk."""
    if (batch.id, chunk) in _last:
        return _last[batch.id, chunk]
    marks: set[int] = set()
    for number in range(plan.first_chunk, chunk):
        marks.update(_read_marks(batch, number))
    return marks


def _remember(batch_id: UUID, chunk: int, earlier: set[int], marks: set[int]) -> None:
    _last.clear()
    earlier |= marks
    _last[batch_id, chunk + 1] = earlier


def _number_of_marks(chunk: int) -> int:
    return -chunk - 1


def _write_marks(batch: Batch, chunk: int, marks: Iterable[int]) -> None:
    number, key = _number_of_marks(chunk), crypto.key_for(STAGING, batch.id.hex)
    packed = Secret(array("Q", marks).tobytes().decode(BYTES))
    sealed = key.seal("import_chunk", str(number), batch.id, packed)
    db.session().add(ImportChunk(batch_id=batch.id, number=number, key_id=key.id, sealed=sealed))


def _read_marks(batch: Batch, chunk: int) -> Iterator[int]:
    number = _number_of_marks(chunk)
    row = db.session().get(ImportChunk, (batch.merchant_id, batch.id, number))
    if row is None:
        return
    place = crypto.Sealed("import_chunk", str(number), batch.merchant_id, batch.id, row.key_id, row.sealed)
    packed = array("Q")
    packed.frombytes(crypto.unseal(place, STAGING).expose().encode(BYTES))
    yield from packed


def forget_check(batch: Batch, plan: Plan) -> Plan:
    """Remove what a dry run left and return the plan without it."""
    for known in [key for key in _last if key[0] == batch.id]:
        del _last[known]
    session = db.session()
    session.execute(delete(ImportIssue).where(ImportIssue.batch_id == batch.id))
    session.execute(delete(ImportChunk).where(ImportChunk.batch_id == batch.id, ImportChunk.number < 0))
    return replace(plan, check=None)
