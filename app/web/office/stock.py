"""Stock in the office: batches, codes (masked, always), the import of a file."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import g, request
from flask_babel import gettext, ngettext
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.inventory import queries, service
from app.inventory.queries import BatchState, ImportIssue, class_of
from app.kit import clock, events, tasks
from app.kit.ids import from_public, public
from app.kit.listing import Listed, listed, place
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import here, lang
from app.web.office import bp, underway
from app.web.office.lists import tools_of
from app.web.office.rows import issue_words
from app.web.office.searching import CODES
from app.web.office.shown import class_choices, examples, kind_name, steps
from app.web.office.stocked import CHANGES
from app.web.render import Page, Redirect, page
from app.web.times import business_day
from app.web.upload import MEGABYTE, Upload

LARGEST_UPLOAD = 100  # megabytes
LONGEST_PASTE = 4 * 1024 * 1024
SMALL_IMPORT = 0.5  # seconds that the sender waits for the numbers; what is larger shows its progress
ISSUES = 200
MOST_TAGS = 300  # to choose from


@bp.get("/<shop>/stock")
@needs("stock.view")
def batches() -> Page:
    found = listed(queries.BATCHES, request.args)
    suppliers, tags = queries.list_words()
    return page(
        "office/stock/batches.html",
        suppliers=[(name, name) for name in suppliers],
        tags=[(name, name) for name in tags],
        soon=[(days, ngettext("In %(num)s day", "In %(num)s days", int(days))) for days in queries.SOON],
        fragments={"batches": "office/stock/_batches.html"},
        listed=found,
        list=tools_of(queries.BATCHES, found),
        titles=titles(batch.sku_id for batch in found.page.rows),
        skus=catalog.list_skus_by_id({batch.sku_id for batch in found.page.rows}),
    )


@bp.get("/<shop>/stock/<batch>")
@needs("stock.view")
def batch(batch: str) -> Page | Redirect:
    found = queries.get_batch(from_public("bat", batch))
    return Redirect(here(".staged", staged=batch)) if found.state is BatchState.STAGED else _shown(found)


def _shown(found: queries.Batch) -> Page:
    return page(
        "office/stock/batch.html",
        fragments={"batch": "office/stock/_batch.html"},
        batch=found,
        progress=underway.shown(queries.progress_of(found), clock.now()),
        sku=catalog.list_skus_by_id([found.sku_id])[found.sku_id],
        titles=titles([found.sku_id]),
        plan=queries.read_plan(found.choices),
        issues=[(row.line, issue_words(row.kind.name, row.reason)) for row in _issues(found.id)],
        lane=next((lane.name for lane in queries.list_lanes(found.sku_id) if lane.number == found.lane), ""),
        **_life(found),
        back=place(queries.BATCHES, request.args),
    )


def _life(found: queries.Batch) -> dict[str, Any]:
    """Return how the codes of a batch stand and what may be done with them; not while they still come in."""
    if not found.is_in:
        return {"counts": {}, "proofs": [], "span": None}
    counts = queries.count_of_batch(found, today=business_day(clock.now(), frame().zone))
    return {
        "span": queries.costs_of_batch(found),
        "counts": counts,
        "classes": [(name, text, counts[name]) for name, text in class_choices()],
        "change": queries.running_change(found.id),
        "touched": queries.was_touched(found),
        "proofs": queries.list_proofs(found.id),
        "steps": steps(events.timeline(subject=("batch", found.id))),
        "labels": {"reason": gettext("Reason"), "paper": gettext("File")},
    }


@bp.get("/<shop>/codes")
@needs("codes.view")
def codes() -> Page:
    found, today = listed(CODES, request.args), business_day(clock.now(), frame().zone)
    names, skus = _titled_skus()
    return page(
        "office/stock/codes.html",
        fragments={"codes": "office/stock/_codes.html"},
        listed=found,
        list=tools_of(CODES, found),
        rows=[(code, class_of(code, today)) for code in found.page.rows],
        batches=queries.list_batches_by_id({code.batch_id for code in found.page.rows}),
        titles=names,
        skus=skus,
        choices={"classes": class_choices(), "acts": _acts(found), "tags": _tags(found.filters["tag"])},
    )


def _tags(chosen: str) -> list[tuple[str, str]]:
    """Return the tags to choose from, the one that is chosen always among them."""
    known = queries.list_tags()[:MOST_TAGS]
    return [(name, name) for name in ([chosen] if chosen and chosen not in known else []) + known]


ACTS = {"void": ["restore"], "quarantined": ["restock", "void", "freeze"]}


def _acts(found: Listed) -> list[tuple[str, str]]:
    """Return what may be done with all codes of a list; what was found by order or contact is looked at one by one."""
    names = ACTS.get(found.filters["status"], ["freeze", "unfreeze", "void"])
    may = [name for name in names if actor().can("codes.freeze" if "freeze" in name else "codes.void")]
    is_own = not found.filters["order"] and not found.filters["contact"]
    return [(name, _(CHANGES[name])) for name in may] if is_own and found.page.rows else []


@bp.get("/<shop>/imports/new", endpoint="import")
@needs("codes.import")
def new_import() -> Page:
    skus = catalog.list_skus()
    names = titles(sku.id for sku in skus)
    return page(
        "office/stock/import.html",
        skus=[(sku.code, f"{names[sku.id]} · {sku.code} · {kind_name(sku.kind)}") for sku in skus],
        examples=examples(),
        megabytes=LARGEST_UPLOAD,
        book_megabytes=queries.LARGEST_BOOK // MEGABYTE,
        chosen=request.args.get("sku", ""),
        undecided=queries.list_undecided(),
        today=business_day(clock.now(), frame().zone),
    )


@bp.post("/<shop>/imports")
@needs("codes.import")
@unit(None)
@streams
@corrects(new_import)
def import_file() -> Redirect:
    order, pieces = read_upload()
    now, merchant_id = clock.now(), frame().merchant_id
    task_id = service.receive(merchant_id, order, pieces, now=now, today=business_day(now, frame().zone))
    task = tasks.run(merchant_id, task_id, seconds=SMALL_IMPORT)
    return Redirect(here(".batch", batch=public("bat", task.subject_id)))


@bp.post("/<shop>/stock/<batch>/retry")
@needs("codes.import")
def retry_import(batch: str) -> Redirect:
    number = queries.get_batch(from_public("bat", batch)).id
    service.retry_import(number, now=clock.now())
    return Redirect(here(".batch", batch=public("bat", number)))


def _issues(batch_id: UUID) -> Sequence[ImportIssue]:
    return queries.list_issues(batch_id, limit=ISSUES)


def read_upload() -> tuple[service.ImportOrder, Iterable[bytes]]:
    """Begin to read the form that brings a list, pasted or as a file, and return what is known of it and its bytes."""
    upload = Upload(megabytes=LARGEST_UPLOAD, longest_field=LONGEST_PASTE)
    upload.check_csrf()
    pasted = upload.fields.pop("pasted", "")
    g.typed = upload.fields
    order = _order(upload)
    return order, upload.pieces() if upload.file_name or not pasted.strip() else [pasted.encode()]


def _order(upload: Upload) -> service.ImportOrder:
    form = Form(upload.fields)
    sku = form.text("sku", most=64, required=True)
    name = form.text("name", most=120) or upload.file_name.rpartition(".")[0] or upload.file_name
    name = name or _("Pasted list")
    supplier = form.text("supplier", most=120)
    cost = form.money("cost", frame().currency, default="0")
    expires: date | None = form.date("expires")
    form.done()
    return service.ImportOrder(sku, name, upload.file_name, supplier, cost, expires, actor().by)


def titles(sku_ids: Iterable[UUID]) -> dict[UUID, str]:
    return catalog.titles(sku_ids, lang(), frame().lang)


def _titled_skus() -> tuple[dict[UUID, str], list[tuple[str, str]]]:
    """Return what all SKUs are called, and all of them to choose from."""
    skus = catalog.list_skus()
    names = titles(sku.id for sku in skus)
    return names, [(public("sku", sku.id), f"{names[sku.id]} · {sku.code}") for sku in skus]
