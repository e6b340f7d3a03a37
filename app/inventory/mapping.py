"""What somebody decides about a staged file: its sheet, its columns, what becomes of lines that are not new. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.inventory import rules
from app.inventory.errors import DuplicateColumn, MissingColumn
from app.inventory.files import Format

SHEET = 1_000_000  # numbers of chunks that a sheet may have
SKIP, STOP = "skip", "stop"
LONGEST_HEADING = 24
SHORTEST_DATE = 5
ROW_CLASSES = ("new", "in_file", "in_stock", "was_sold", "invalid")


@dataclass(frozen=True)
class Sheet:
    """A sheet of a staged file: how many lines it has, and with which line each of its chunks begins."""

    name: str
    lines: int
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Check:
    """How far a dry run is, and what it counted; `state` is running, done or failed."""

    chunk: int
    row: int
    lines: int = 0
    new: int = 0
    in_file: int = 0
    in_stock: int = 0
    was_sold: int = 0
    invalid: int = 0
    state: str = "running"
    own_costed: int = 0  # of the new rows, how many say themselves what they cost
    own_costs: int = 0  # and how much, together, in minor units

    @property
    def total(self) -> int:
        return sum(getattr(self, name) for name in ROW_CLASSES)

    @property
    def duplicates(self) -> int:
        return self.in_file + self.in_stock + self.was_sold


@dataclass(frozen=True)
class Plan:
    """All that is decided about a staged file; kept as JSON on its batch."""

    sheets: tuple[Sheet, ...] = ()
    encodings: tuple[str, ...] = ()
    sheet: int = 0
    has_header: bool = False
    duplicates: str = SKIP
    invalid: str = SKIP
    stopped_at: int = 0  # the line at which an import stopped, as was chosen
    cut_at: int = 0  # the line after which somebody cancelled it
    check: Check | None = field(default=None)

    @property
    def first_chunk(self) -> int:
        return self.sheet * SHEET

    @property
    def lines(self) -> int:
        return self.sheets[self.sheet].lines if self.sheets else 0

    def chunk_of(self, line: int) -> int:
        """Return the number of the chunk that holds a line of the sheet."""
        starts = self.sheets[self.sheet].starts
        return self.first_chunk + max(place for place, start in enumerate(starts) if start <= max(line, 1))

    def start_of(self, chunk: int) -> int:
        """Return the number of the first line of a chunk."""
        return self.sheets[self.sheet].starts[chunk - self.first_chunk]

    def written(self) -> str:
        return json.dumps(asdict(self))

    def with_check(self, **changes: Any) -> "Plan":
        """Return the plan with a dry run that is further."""
        return replace(self, check=replace(self.check, **changes)) if self.check else self


def read_plan(text: str) -> Plan:
    """Return the plan that a batch keeps; an import in one step has none and leaves out what is not new."""
    if not text:
        return Plan()
    said = json.loads(text)
    shaped = {
        "sheets": tuple(Sheet(sheet["name"], sheet["lines"], tuple(sheet["starts"])) for sheet in said["sheets"]),
        "encodings": tuple(said["encodings"]),
        "check": Check(**said["check"]) if said["check"] else None,
    }
    return Plan(**said | shaped)


def refuse_unfit(form: Format, fields: Sequence[str]) -> None:
    """Refuse columns in which a field is missing or comes twice."""
    for name in fields:
        if name not in form.columns:
            raise MissingColumn(name, ", ".join(fields))
    for name in set(form.columns) - {""}:
        if form.columns.count(name) > 1:
            raise DuplicateColumn(name)


def shape(cells: Sequence[str], delimiter: str) -> str:
    """Return by what a supplier's files are known again: the words of their header, or just their columns."""
    if cells and all(is_heading(cell) for cell in cells):
        return "\0".join(("header", *(cell.lower() for cell in cells)))
    return f"columns\0{delimiter}\0{len(cells)}"


def is_heading(cell: str) -> bool:
    """Tell whether a cell can only be the name of a column: a short word without digits that is no code."""
    short = 0 < len(cell) <= LONGEST_HEADING and not any(letter.isdigit() for letter in cell)
    return short and not (cell.isascii() and cell.isupper() and len(cell) > 6)


def seen_of(field: str, text: str) -> tuple[str, int]:
    """Return what may be seen of a cell: its last letters where it is long and no secret, and how long it is."""
    return rules.tail(field, text), len(text)


def kept(form: Format) -> str:
    """Return a form as it is remembered."""
    return json.dumps({"delimiter": form.delimiter, "columns": form.columns, "has_header": form.has_header})


def remembered(text: str) -> Format:
    """Return a form that was remembered."""
    said: Mapping[str, Any] = json.loads(text)
    return Format(said["delimiter"], tuple(said["columns"]), said["has_header"])
