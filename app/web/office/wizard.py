"""The import in four steps: a file is taken in, its columns are chosen, it is checked, somebody decides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.inventory import queries, service
from app.inventory.queries import MORE, ROW_CLASSES, Batch, BatchState, Cell, Check, Format, Plan, StagedRow
from app.inventory.service import Layout
from app.kit import clock, db, tasks
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.kit.money import LARGEST, Money
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import here, lang
from app.web.office import bp, underway
from app.web.office.redemption import kind_of_file
from app.web.office.rows import CLASSES, DELIMITERS, ENCODINGS, class_name, field_name, issue_words
from app.web.office.stock import SMALL_IMPORT, new_import, read_upload
from app.web.render import Page, Redirect, page
from app.web.saving import FORMATS, saved
from app.web.times import business_day

ROWS = 100
ROWS_IN_FILE = 2000  # of a page of a download


@bp.post("/<shop>/imports/staged")
@needs("codes.import")
@unit(None)
@streams
@corrects(new_import)
def stage_file() -> Redirect:
    order, pieces = read_upload()
    now = clock.now()
    number = service.stage(frame().merchant_id, order, pieces, now=now, today=business_day(now, frame().zone))
    return Redirect(here(".staged", staged=public("bat", number)))


@bp.get("/<shop>/imports/<staged>")
@needs("codes.import")
def staged(staged: str) -> Page | Redirect:
    found, plan = queries.get_staged(from_public("bat", staged))
    if found.state is not BatchState.STAGED:
        return Redirect(here(".batch", batch=staged))
    layout, plan = _layout(found, plan, request.form or request.args)
    shown = queries.preview(found, plan, layout.form, encoding=layout.encoding)
    return page(
        "office/wizard/columns.html",
        fragments={"columns": "office/wizard/_columns.html"},
        **_about(found, plan),
        **_choices(found, plan, layout),
        shown=shown,
    )


@bp.post("/<shop>/imports/<staged>/check")
@needs("codes.import")
@unit(None)
@corrects(staged)
def check_import(staged: str) -> Redirect:
    number, now, merchant_id = from_public("bat", staged), clock.now(), frame().merchant_id

    def check() -> Any:
        found, plan = queries.get_staged(number)
        return service.check_import(found.id, _layout(found, plan, request.form)[0], now=now)

    tasks.run(merchant_id, db.write(merchant_id, check), seconds=SMALL_IMPORT)
    return Redirect(here(".checked_import", staged=staged))


@bp.get("/<shop>/imports/<staged>/check")
@needs("codes.import")
def checked_import(staged: str) -> Page | Redirect:
    found, plan = queries.get_staged(from_public("bat", staged))
    if found.state is not BatchState.STAGED or plan.check is None:
        return Redirect(here(".staged", staged=staged))
    counts = [(name, class_name(name), getattr(plan.check, name), CLASSES[name][1]) for name in ROW_CLASSES]
    return page(
        "office/wizard/check.html",
        fragments={"check": "office/wizard/_check.html"},
        **_about(found, plan),
        check=plan.check,
        progress=underway.ProgressShown(plan.check.lines, plan.lines),
        counts=counts,
        worth=_worth(found, plan.check),
        lanes=[(0, _("Main pool")), *((lane.number, lane.name) for lane in queries.list_lanes(found.sku_id))],
    )


@bp.get("/<shop>/imports/<staged>/rows")
@needs("codes.import")
def staged_rows(staged: str) -> Page:
    found, plan = queries.get_staged(from_public("bat", staged))
    name, after = _class(), _after()
    rows = queries.list_rows(found, plan, name, after=after, limit=ROWS + 1)
    return page(
        "office/wizard/rows.html",
        **_about(found, plan),
        name=name,
        title=class_name(name),
        rows=[(row, issue_words(name.upper(), row.reason) if name != "new" else "") for row in rows[:ROWS]],
        after=after,
        next=rows[ROWS - 1].line if len(rows) > ROWS else 0,
        columns=[field_name(field) for field in queries.form_of(found, plan).columns],
        formats=list(FORMATS),
    )


@bp.get("/<shop>/imports/<staged>/rows/export")
@needs("codes.import")
@unit(None)
def export_staged(staged: str) -> Response:
    kind, name, number = kind_of_file(), _class(), from_public("bat", staged)
    merchant_id = frame().merchant_id
    found, _plan = db.read(merchant_id, lambda: queries.get_staged(number))
    rows = _pages(merchant_id, found.id, name)
    return saved(kind, f"{found.name}-{name}", [_("Line"), _("Reason"), _("Masked")], rows)


@bp.post("/<shop>/imports/<staged>/begin")
@needs("codes.import")
@unit(None)
@corrects(checked_import)
def begin_import(staged: str) -> Redirect:
    number, now, merchant_id = from_public("bat", staged), clock.now(), frame().merchant_id
    choices = {name: "stop" if request.form.get(name) == "stop" else "skip" for name in ("duplicates", "invalid")}

    def begin() -> Any:
        found, _plan = queries.get_staged(number)
        return service.begin_import(found.id, **choices, lane=_lane(), by=actor().by, now=now)

    tasks.run(merchant_id, db.write(merchant_id, begin), seconds=SMALL_IMPORT)
    return Redirect(here(".batch", batch=staged))


@bp.post("/<shop>/imports/<staged>/drop")
@needs("codes.import")
def drop_import(staged: str) -> Redirect:
    found, _plan = queries.get_staged(from_public("bat", staged))
    service.drop_import(found.id, by=actor().by, now=clock.now())
    return Redirect(here(".import"), toast=_("The file was wiped; nothing of it came in."))


@bp.post("/<shop>/stock/<batch>/cancel")
@needs("codes.import")
def cancel_import(batch: str) -> Redirect:
    found = queries.get_batch(from_public("bat", batch))
    service.cancel_import(found.id, by=actor().by, now=clock.now())
    return Redirect(here(".batch", batch=batch), toast=_("The import was ended; what was imported stays."))


def _worth(found: Batch, check: Check) -> Money | None:
    """Return what the new codes of a checked file cost together, where they cost anything that can be booked."""
    minor = queries.worth_of(found, check)
    return Money(minor, found.cost_currency) if 0 < minor <= LARGEST else None


# Reading what was chosen -----------------------------------------------------------------------------------------


def _layout(found: Any, plan: Plan, said: Mapping[str, str]) -> tuple[Layout, Plan]:
    """Return how the file is to be read as somebody says, or as it was proposed, and the plan with that sheet."""
    if said.get("delimiter") not in DELIMITERS:
        return Layout(plan.sheet, found.encoding, queries.form_of(found, plan)), plan
    sheet = next((n for n in range(len(plan.sheets)) if said.get("sheet") == str(n)), plan.sheet)
    encoding = said["encoding"] if said.get("encoding") in plan.encodings else found.encoding
    delimiter, has_header = DELIMITERS[said["delimiter"]][0], said.get("header") == "1"
    plan = replace(plan, sheet=sheet, has_header=has_header)
    cells = queries.first_cells(found, plan, delimiter, encoding=encoding)
    fields = _fields(found)
    columns = queries.columns_for(cells, fields, has_header)
    if said.get("shape") == _shape(sheet, encoding, said["delimiter"], has_header):
        columns = tuple(_chosen(said.get(f"col{place}", ""), fields) for place in range(len(cells)))
    return Layout(sheet, encoding, Format(delimiter, columns, has_header)), plan


def _lane() -> int:
    said = request.form.get("lane", "0")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else -1


def _chosen(field: str, fields: Sequence[str]) -> str:
    return field if field in (*fields, *MORE) else ""


def _fields(found: Any) -> tuple[str, ...]:
    return queries.kind_of(found).fields


def _shape(sheet: int, encoding: str, delimiter: str, has_header: bool) -> str:
    """Return what the columns depend on: where it has changed, those that were chosen mean nothing any more."""
    return f"{sheet}-{encoding}-{delimiter}-{int(has_header)}"


def _choices(found: Any, plan: Plan, layout: Layout) -> dict[str, Any]:
    delimiter = next(name for name, (text, _said) in DELIMITERS.items() if text == layout.form.delimiter)
    return {
        "form": layout.form,
        "shape": _shape(layout.sheet, layout.encoding, delimiter, layout.form.has_header),
        "delimiter": delimiter,
        "delimiters": [(name, _(said)) for name, (_text, said) in DELIMITERS.items()],
        "encoding": layout.encoding,
        "encodings": [(name, ENCODINGS[name]) for name in plan.encodings],
        "sheets": [(number, sheet.name) for number, sheet in enumerate(plan.sheets) if sheet.lines],
        "fields": [(field, field_name(field)) for field in ("", *_fields(found), *MORE)],
    }


def _about(found: Any, plan: Plan) -> dict[str, Any]:
    sku = catalog.list_skus_by_id([found.sku_id])[found.sku_id]
    title = catalog.titles([sku.id], lang(), frame().lang).get(sku.id, "")
    return {"batch": found, "plan": plan, "sku": sku, "title_of_sku": f"{title} · {sku.code}"}


# Rows ------------------------------------------------------------------------------------------------------------


def _class() -> str:
    name = request.args.get("of", "new")
    if name not in ROW_CLASSES:
        raise NotFound
    return name


def _after() -> int:
    text = request.args.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _pages(merchant_id: int, number: Any, name: str) -> Iterator[list[str]]:
    """Yield the rows of a class page by page, a read unit each."""
    after = 0
    while rows := db.read(merchant_id, partial(_page_of, number, name, after)):
        yield from (_cells(row, name) for row in rows)
        after = rows[-1].line


def _page_of(number: Any, name: str, after: int) -> list[StagedRow]:
    found, plan = queries.get_staged(number)
    return queries.list_rows(found, plan, name, after=after, limit=ROWS_IN_FILE) if plan.check else []


def _cells(row: StagedRow, name: str) -> list[str]:
    words = issue_words(name.upper(), row.reason) if name != "new" else ""
    return [str(row.line), words, " | ".join(map(_seen, row.cells))]


def _seen(cell: Cell) -> str:
    return cell.words or (f"•••• {cell.tail}".strip() if cell.length else "")
