"""Looking at a staged file: its lines, its first rows and the rows of each class, with everything secret masked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.queries import Kind
from app.inventory import costs, files, mapping, rules
from app.inventory.files import Format
from app.inventory.mapping import Check, Plan
from app.inventory.models import Batch, BatchState, ImportChunk, ImportIssue, IssueKind
from app.kit import crypto, db
from app.kit.errors import NotFound
from app.kit.money import Money

STAGING = "import staging"
BYTES = "latin-1"  # maps each byte to one letter and back
DECIDE = timedelta(hours=24)  # how long a staged file waits for a decision
FIRST_LINES = 20
KINDS = {
    "in_file": IssueKind.IN_FILE,
    "in_stock": IssueKind.IN_STOCK,
    "was_sold": IssueKind.WAS_SOLD,
    "invalid": IssueKind.INVALID,
}


@dataclass(frozen=True)
class Place:
    """Where in a staged sheet something stands: its chunk, its row there, its line in the sheet."""

    chunk: int
    row: int
    line: int


@dataclass(frozen=True)
class Cell:
    """What may be seen of a cell: words that are no secret, or its last letters and how long it is."""

    field: str
    words: str
    tail: str
    length: int


@dataclass(frozen=True)
class StagedRow:
    """A line of a staged file, masked, and why it is not taken."""

    line: int
    reason: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Preview:
    """The first rows of a staged file as a form reads them, under what its first line calls the columns."""

    headings: tuple[str, ...]
    rows: tuple[StagedRow, ...]


def get_staged(number: UUID | None) -> tuple[Batch, Plan]:
    """Return a batch with what is decided about its file so far, or refuse with NotFound."""
    batch = db.get(Batch, number)
    return batch, mapping.read_plan(batch.choices)


def list_undecided() -> Sequence[Batch]:
    """List the files that wait for a decision, newest first."""
    query = select(Batch).where(Batch.state == BatchState.STAGED).order_by(Batch.id.desc()).limit(FIRST_LINES)
    return db.session().scalars(query).all()


def lines_of(batch: Batch, number: int, encoding: str = "") -> Sequence[str] | None:
    """Return the lines of a staged chunk, read in the batch's encoding or another, or None after the last."""
    chunk = db.session().get(ImportChunk, (batch.merchant_id, batch.id, number))
    if chunk is None:
        return None
    place = crypto.Sealed("import_chunk", str(number), batch.merchant_id, batch.id, chunk.key_id, chunk.sealed)
    text = crypto.unseal(place, STAGING).expose().encode(BYTES).decode(encoding or batch.encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def kind_of(batch: Batch) -> Kind:
    """Return what a code of the batch's SKU consists of."""
    return catalog.list_skus_by_id([batch.sku_id])[batch.sku_id].kind


def first_lines(batch: Batch, plan: Plan, count: int = FIRST_LINES, *, encoding: str = "") -> list[str]:
    """Return the first lines of the chosen sheet that are not blank."""
    found: list[str] = []
    number = plan.first_chunk
    while len(found) < count and (lines := lines_of(batch, number, encoding)) is not None:
        found += [line for line in lines if line.strip()][: count - len(found)]
        number += 1
    return found or [""]


def place_of(batch: Batch, plan: Plan) -> Place:
    """Return where the rows of the chosen sheet begin: its first line that is not blank, or the one after it."""
    number, before = plan.first_chunk, 0
    while (lines := lines_of(batch, number)) is not None:
        row = next((row for row, line in enumerate(lines) if line.strip()), None)
        if row is not None:
            return Place(number, row + plan.has_header, before + row + 1 + plan.has_header)
        number, before = number + 1, before + len(lines)
    return Place(number, 0, before + 1)


def mapping_key(first_line: str, delimiter: str) -> bytes:
    """Return by what a supplier's files are known again; it tells nobody without our key what the line said."""
    cells = files.split(first_line, delimiter)
    return crypto.fingerprint_key("mapping").fingerprint(mapping.shape(cells, delimiter))


def worth_of(batch: Batch, check: Check) -> int:
    """Return what the new codes of a checked file cost together, in minor units of the batch's currency."""
    return check.own_costs + batch.cost_amount * (check.new - check.own_costed)


# What may be seen ------------------------------------------------------------------------------------------------


def first_cells(batch: Batch, plan: Plan, delimiter: str, *, encoding: str) -> list[str]:
    """Return the cells of the first line, for the program alone: they may be a code."""
    return files.split(first_lines(batch, plan, 1, encoding=encoding)[0], delimiter)


def preview(batch: Batch, plan: Plan, form: Format, *, encoding: str) -> Preview:
    """Return the first rows of a staged file as `form` reads them."""
    lines = first_lines(batch, plan, FIRST_LINES + 1, encoding=encoding)
    first = files.split(lines[0], form.delimiter)
    headings = tuple(cell if mapping.is_heading(cell) else "" for cell in first) if form.has_header else ()
    body = lines[1:] if form.has_header else lines[:FIRST_LINES]
    start = 1 + form.has_header
    shown = (StagedRow(number, "", _masked(line, form, batch.cost_currency)) for number, line in enumerate(body, start))
    return Preview(headings, tuple(shown))


def _masked(line: str, form: Format, currency: str) -> tuple[Cell, ...]:
    cells = files.split(line, form.delimiter)
    fields = (*form.columns, *("",) * len(cells))
    return tuple(_cell(field, text, currency) for field, text in zip(fields, cells, strict=False))


def _cell(field: str, text: str, currency: str) -> Cell:
    """Return what may be seen of a cell; what is taken for a date or a cost is shown when it is one."""
    tail, length = mapping.seen_of(field, text)
    if field == costs.FIELD and costs.may_be_seen(text):
        cost, _ = costs.read_cost(text, currency)
        return Cell(field, "" if cost is None else Money(cost, currency).major, tail, length)
    day = rules.read_date(text) if field == "expires" and len(text) >= mapping.SHORTEST_DATE else None
    return Cell(field, day.isoformat() if day else "", tail, length)


def list_rows(batch: Batch, plan: Plan, name: str, *, after: int, limit: int) -> list[StagedRow]:
    """List the rows of a class after a line, masked; the classes are those of mapping.ROW_CLASSES."""
    if name not in mapping.ROW_CLASSES or plan.check is None:
        raise NotFound
    form = form_of(batch, plan)
    lines = _new_lines(batch, plan, after, limit) if name == "new" else _issue_lines(batch, plan, name, after, limit)
    return [StagedRow(line, reason, _masked(text, form, batch.cost_currency)) for line, reason, text in lines]


def form_of(batch: Batch, plan: Plan) -> Format:
    """Return how a staged file is read at present."""
    return Format(batch.delimiter, tuple(batch.columns.split(",")), plan.has_header)


Line = tuple[int, str, str]


def _issue_lines(batch: Batch, plan: Plan, name: str, after: int, limit: int) -> Iterator[Line]:
    query = (
        select(ImportIssue.line, ImportIssue.reason)
        .where(ImportIssue.batch_id == batch.id, ImportIssue.kind == KINDS[name], ImportIssue.line > after)
        .order_by(ImportIssue.line)
        .limit(limit)
    )
    chunk, texts = -1, [*()]
    for line, reason in db.session().execute(query).all():
        if plan.chunk_of(line) != chunk:
            chunk = plan.chunk_of(line)
            texts = list(lines_of(batch, chunk) or ())
        yield line, reason, texts[line - plan.start_of(chunk)]


def _new_lines(batch: Batch, plan: Plan, after: int, limit: int) -> Iterator[Line]:
    """Yield the lines after one that are neither blank nor an issue, as far as the dry run came."""
    first = place_of(batch, plan).line
    chunk, count = plan.chunk_of(max(after + 1, first)), 0
    while count < limit and (lines := lines_of(batch, chunk)) is not None:
        start = plan.start_of(chunk)
        within = (ImportIssue.line >= start, ImportIssue.line < start + len(lines))
        issues = set(db.session().scalars(select(ImportIssue.line).where(ImportIssue.batch_id == batch.id, *within)))
        for line, text in enumerate(lines, start):
            if line > after and line >= first and text.strip() and line not in issues and count < limit:
                count += 1
                yield line, "", text
        chunk += 1
