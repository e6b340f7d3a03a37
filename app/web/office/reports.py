"""Reported use: a file in which a third party tells what it redeemed; first only looked at, then recorded.

Nothing of the file is kept between the two: the browser still holds it, and sends it again with the mark of what was
looked at. Looking runs the very verb that records, in a unit that is given up.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import gettext as _

from app.inventory.errors import EmptyFile
from app.kit import clock, db, sheets
from app.kit.errors import Invalid, Refusal, words
from app.kit.secret import Secret
from app.redemption import service
from app.redemption.queries import Typed
from app.redemption.service import Match, Matched, Told
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import here
from app.web.office import bp
from app.web.render import Page, Redirect, page
from app.web.upload import Upload

MEGABYTES, MOST_ROWS, MOST_SHOWN = 4, 5000, 500
COLUMNS = {
    "code": {"code", "card", "number", "卡密", "券码", "兑换码", "卡号"},
    "order": {"order", "order number", "订单", "订单号"},
    "slot": {"slot", "place", "piece", "序号", "第几件"},
    "at": {"at", "time", "date", "used at", "时间", "日期", "核销时间"},
    "reference": {"reference", "note", "person", "备注", "参考", "流水号"},
}
MATCHES = {
    Match.RECORDED: words("New use"),
    Match.AGAIN: words("Recorded before from this same file"),
    Match.UNKNOWN: words("Unknown code or order"),
    Match.NEVER_SOLD: words("Never sold"),
    Match.REPORTED_BEFORE: words("Reported before"),
    Match.REFUNDED: words("Refunded, and used all the same"),
    Match.OURS: words("Redeemed by this shop itself"),
}


class NotRead(Refusal):
    kind = "invalid"
    message = words("This file could not be read as a table.")
    mend = words("Save it as CSV in UTF-8, or as XLSX, with the columns named in its first line.")


class TooManyRows(Refusal):
    kind = "invalid"
    message = words("A report may have {most} rows.")
    mend = words("Split it and send one part after the other.")

    def __init__(self, most: int) -> None:
        self.most = most


class _OnlyLooked(Exception):
    """Gives a unit up whose result is all that is wanted of it."""

    def __init__(self, matched: list[Matched]) -> None:
        self.matched = matched


@dataclass(frozen=True)
class Checked:
    """What a report would do: how many rows are what, and the rows that do not fit, by their line in the file."""

    mark: str
    counts: Sequence[tuple[str, str, int]]
    ready: int
    total: int
    differences: Sequence[tuple[str, str, str]]


@bp.get("/<shop>/redemption/reports", endpoint="reports")
@needs("redemption.view")
def new_report() -> Page:
    return _page(None)


@bp.post("/<shop>/redemption/reports")
@needs("redemption.rules")
@unit(None)
@streams
@corrects(new_report)
def report() -> Page | Redirect:
    """Check a report, or record what was checked."""
    upload = Upload(megabytes=MEGABYTES)
    upload.check_csrf()
    g.typed = upload.fields
    content = b"".join(upload.pieces())
    told, mark = _told(content), hashlib.sha256(content).hexdigest()
    checked = _check(told, mark)
    if upload.fields.get("act") != "record":
        return _shown(checked)
    if (upload.fields.get("mark"), upload.fields.get("count")) != (checked.mark, str(checked.ready)):
        return _shown(checked, changed=True)
    return _record(told, mark)


def _shown(checked: Checked, *, changed: bool = False) -> Page:
    answer = _page(checked, changed=changed)
    answer.status = 409 if changed else 200
    return answer


def _page(checked: Checked | None, *, changed: bool = False) -> Page:
    return page(
        "office/redemption/reports.html",
        fragments={"checked": "office/redemption/_checked.html"},
        checked=checked,
        changed=changed,
        megabytes=MEGABYTES,
        most=MOST_ROWS,
    )


def _record(told: Sequence[Told], mark: str) -> Redirect:
    by, now = actor().by, clock.now()
    matched = db.write(frame().merchant_id, lambda: service.report(told, source=mark, now=now, by=by))
    new = sum(row.match is Match.RECORDED for row in matched)
    return Redirect(here(".uses", channel="report"), toast=_("%(num)s uses recorded", num=new))


def _check(told: Sequence[Told], mark: str) -> Checked:
    by, now = actor().by, clock.now()

    def look() -> None:
        raise _OnlyLooked(service.report(told, source=mark, now=now, by=by))

    try:
        db.write(frame().merchant_id, look)
    except _OnlyLooked as looked:
        return _checked(mark, looked.matched)
    raise AssertionError("unreachable")


def _checked(mark: str, matched: Sequence[Matched]) -> Checked:
    found = Counter(row.match for row in matched)
    counts = [(match.name.lower(), _(text), found[match]) for match, text in MATCHES.items() if found[match]]
    differences = [
        (row.told.key.rpartition(":")[2], _(MATCHES[row.match]), row.told.order_number or row.told.reference)
        for row in service.differences(matched)
    ]
    return Checked(mark, counts, found[Match.RECORDED], len(matched), differences[:MOST_SHOWN])


# Reading ----------------------------------------------------------------------------------------------------------


def _told(content: bytes) -> list[Told]:
    """Return the rows of a report; the first line names its columns, or there is one column of codes."""
    if not content.strip():
        raise EmptyFile
    lines = [row for row in _table(content) if any(cell.strip() for cell in row)]
    if len(lines) > MOST_ROWS + 1:
        raise Invalid({"file": TooManyRows(MOST_ROWS)})
    named = _named(lines[0])
    body, start = (lines[1:], 2) if named else (lines, 1)
    columns = named or {"code": 0, "at": 1, "reference": 2}
    told = [_row(row, columns, str(line)) for line, row in enumerate(body, start)]
    if not told:
        raise EmptyFile
    return told


def _table(content: bytes) -> Iterator[list[str]]:
    try:
        if content[:2] == b"PK":
            yield from sheets.read_xlsx(content)
            return
        text = _text(content)
        delimiter = max(",;\t|", key=text.partition("\n")[0].count)
        yield from csv.reader(io.StringIO(text), delimiter=delimiter)
    except (sheets.NotASheet, csv.Error):
        raise Invalid({"file": NotRead()}) from None


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid({"file": NotRead()})


def _named(cells: Sequence[str]) -> dict[str, int]:
    """Return which column is what, when the first line says so."""
    found = {
        name: place
        for place, cell in enumerate(cells)
        for name, spellings in COLUMNS.items()
        if cell.strip().casefold() in spellings
    }
    return found if "code" in found or {"order", "slot"} <= found.keys() else {}


def _row(row: Sequence[str], columns: dict[str, int], line: str) -> Told:
    cells = {name: row[place].strip() for name, place in columns.items() if place < len(row)}
    slot = cells.get("slot", "")
    return Told(
        key=f"line:{line}",
        code=Typed(Secret(cells["code"])) if cells.get("code") else None,
        order_number=cells.get("order", "").replace(" ", ""),
        slot=int(slot) if slot.isascii() and slot.isdigit() and len(slot) < 6 else 1,
        at=_moment(cells.get("at", "")),
        reference=cells.get("reference", ""),
    )


def _moment(text: str) -> datetime | None:
    """Return when something was used, on the clocks of the shop; a text that is no time says nothing."""
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(frame().zone))
    return at if at < clock.now() + timedelta(days=1) else None
