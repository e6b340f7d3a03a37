"""Receiving rows of many SKUs in one stream: each SKU gets a batch whose lines are staged, sealed, as any upload is."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from app.catalog.queries import Kind
from app.inventory import marks, rules
from app.inventory.files import CHUNK, count_lines
from app.inventory.models import Batch, BatchState
from app.inventory.queries import IMPORT
from app.inventory.service.intake import Row, fault_of
from app.inventory.service.staging import ImportOrder, discard, open_batch, stage_chunk
from app.inventory.staged import kind_of
from app.kit import crypto, db, tasks

BESIDE = ("expires", "tags")  # what a row says beside its code
MOST_HELD = 4 * 1024 * 1024  # bytes of lines that are not staged yet, of all SKUs together


def receive_many(
    merchant_id: int,
    orders: Mapping[str, ImportOrder],
    rows: Iterable[tuple[str, Sequence[str]]],
    *,
    now: datetime,
    today: date,
) -> list[UUID]:
    """Take in rows by SKU and start a task for each SKU that imports them; opens its own units.

    A row is the fields of a code and then its expiry and tags. When it cannot end, it leaves nothing behind.
    """
    desk = _Desk(merchant_id, orders, now, today)
    try:
        for sku_code, cells in rows:
            desk.add(sku_code, cells)
        desk.clear()
        return db.write(merchant_id, lambda: [_begin(line.batch.id, line.count, now) for line in desk.lines.values()])
    except BaseException:  # a refusal, a sender who hung up, Ctrl-C
        opened = [line.batch.id for line in desk.lines.values()]
        db.write(merchant_id, lambda: discard(opened))
        raise


class _Line:
    """What waits for one SKU, and how much of it is staged."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.chunk, self.count = batch, 0, 0
        self.held = bytearray()


class _Desk:
    """Where rows wait until there is a chunk of them."""

    def __init__(self, merchant_id: int, orders: Mapping[str, ImportOrder], now: datetime, today: date) -> None:
        self.lines: dict[str, _Line] = {}
        self._merchant_id, self._orders, self._now, self._today = merchant_id, orders, now, today
        self._held = 0

    def add(self, sku_code: str, cells: Sequence[str]) -> None:
        if sku_code not in self.lines:
            order = self._orders[sku_code]
            self.lines[sku_code] = _Line(open_batch(self._merchant_id, order, now=self._now, today=self._today))
        line, text = self.lines[sku_code], _written(cells)
        if len(line.held) + len(text) > CHUNK:
            self._stage(line)
        line.held += text
        self._held += len(text)
        if self._held > MOST_HELD:
            self._stage(max(self.lines.values(), key=lambda each: len(each.held)))

    def clear(self) -> None:
        for line in self.lines.values():
            if line.held:
                self._stage(line)

    def _stage(self, line: _Line) -> None:
        stage_chunk(line.batch, line.chunk, bytes(line.held))
        line.count += count_lines(bytes(line.held))
        self._held -= len(line.held)
        line.chunk, line.held = line.chunk + 1, bytearray()


def _written(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue().encode("utf-8", "replace")


def _begin(batch_id: UUID, total: int, now: datetime) -> UUID:
    batch = db.get(Batch, batch_id)
    batch.encoding, batch.delimiter = "utf-8", ","
    batch.columns = ",".join((*kind_of(batch).fields, *BESIDE))
    batch.state = BatchState.IMPORTING
    return tasks.start(IMPORT, batch_id, due_at=now, total=total)


class Foresight:
    """Counts what an import of rows would count, with the same rules, and writes nothing; knows what it saw before."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self.counts = dict.fromkeys(("new", "in_file", "in_stock", "invalid"), 0)

    def look(self, kind: Kind, rows: Sequence[Sequence[str]]) -> None:
        """Count some rows, each the fields of a code and then its expiry and tags; inside a unit that reads."""
        field, fresh = kind.fields[0], list[str]()
        for cells in rows:
            row = Row(0, tuple(cells[:-2]), expires=cells[-2], tags=cells[-1])
            text = rules.canonical(field, row.values[0])
            if fault_of(row, kind.fields) or rules.is_bad_link(field, row.values[0]):
                self.counts["invalid"] += 1
            elif hash(text) in self._seen:
                self.counts["in_file"] += 1
            else:
                self._seen.add(hash(text))
                fresh.append(text)
        known = _count_known(fresh)
        self.counts["in_stock"] += known
        self.counts["new"] += len(fresh) - known


def _count_known(texts: Sequence[str]) -> int:
    key = crypto.find_fingerprint_key("code")
    return len(marks.find([key.fingerprint(text) for text in texts])) if key else 0
