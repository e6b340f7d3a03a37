"""Stock in the office: batches, codes (masked, always), the import of a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from flask import g, request
from flask_babel import format_timedelta

from app.catalog import queries as catalog
from app.inventory import queries, service
from app.inventory.queries import class_of
from app.kit import clock, tasks
from app.kit.ids import from_public, public
from app.kit.listing import listed, place
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import here, lang
from app.web.office import bp
from app.web.office.shown import class_choices, examples, kind_name
from app.web.render import Page, Redirect, page
from app.web.times import business_day
from app.web.upload import Upload

LARGEST_UPLOAD = 64
SMALL_IMPORT = 0.5  # seconds that the sender waits for the numbers; what is larger shows its progress
ISSUES = 200


@bp.get("/<shop>/stock")
@needs("stock.view")
def batches() -> Page:
    found = listed(queries.BATCHES, request.args)
    return page(
        "office/stock/batches.html",
        fragments={"batches": "office/stock/_batches.html"},
        listed=found,
        titles=_titles(batch.sku_id for batch in found.page.rows),
        skus=catalog.list_skus_by_id({batch.sku_id for batch in found.page.rows}),
    )


@bp.get("/<shop>/stock/<batch>")
@needs("stock.view")
def batch(batch: str) -> Page:
    found = queries.get_batch(from_public("bat", batch))
    return page(
        "office/stock/batch.html",
        fragments={"batch": "office/stock/_batch.html"},
        batch=found,
        progress=_progress(queries.progress_of(found), clock.now()),
        sku=catalog.list_skus_by_id([found.sku_id])[found.sku_id],
        titles=_titles([found.sku_id]),
        issues=queries.list_issues(found.id, limit=ISSUES),
        back=place(queries.BATCHES, request.args),
    )


@bp.get("/<shop>/codes")
@needs("codes.view")
def codes() -> Page:
    found = listed(queries.CODES, request.args)
    today = business_day(clock.now(), frame().zone)
    skus = catalog.list_skus()
    titles = _titles(sku.id for sku in skus)
    return page(
        "office/stock/codes.html",
        fragments={"codes": "office/stock/_codes.html"},
        listed=found,
        rows=[(code, class_of(code, today)) for code in found.page.rows],
        batches=queries.list_batches_by_id({code.batch_id for code in found.page.rows}),
        titles=titles,
        skus=[(public("sku", sku.id), f"{titles[sku.id]} · {sku.code}") for sku in skus],
        classes=class_choices(),
    )


@bp.get("/<shop>/imports/new", endpoint="import")
@needs("codes.import")
def new_import() -> Page:
    skus = catalog.list_skus()
    titles = _titles(sku.id for sku in skus)
    return page(
        "office/stock/import.html",
        skus=[(sku.code, f"{titles[sku.id]} · {sku.code} · {kind_name(sku.kind)}") for sku in skus],
        examples=examples(),
        megabytes=LARGEST_UPLOAD,
        chosen=request.args.get("sku", ""),
        today=business_day(clock.now(), frame().zone),
    )


@bp.post("/<shop>/imports")
@needs("codes.import")
@unit(None)
@streams
@corrects(new_import)
def import_file() -> Redirect:
    upload = Upload(megabytes=LARGEST_UPLOAD)
    upload.check_csrf()
    g.typed = upload.fields
    now = clock.now()
    order = _order(upload)
    merchant_id, today = frame().merchant_id, business_day(now, frame().zone)
    task_id = service.receive(merchant_id, order, upload.pieces(), now=now, today=today)
    task = tasks.run(merchant_id, task_id, seconds=SMALL_IMPORT)
    return Redirect(here(".batch", batch=public("bat", task.subject_id)))


@bp.post("/<shop>/stock/<batch>/retry")
@needs("codes.import")
def retry_import(batch: str) -> Redirect:
    number = queries.get_batch(from_public("bat", batch)).id
    service.retry_import(number, now=clock.now())
    return Redirect(here(".batch", batch=public("bat", number)))


@dataclass(frozen=True)
class ProgressShown:
    """How far an import is: lines done and in all, lines a second, and how long it still takes, in words."""

    done: int
    total: int
    rate: int
    left: str


def _progress(progress: queries.Progress, now: datetime) -> ProgressShown:
    seconds = progress.seconds_left(now)
    left = "" if seconds is None else format_timedelta(timedelta(seconds=max(seconds, 1)), threshold=1.5)
    return ProgressShown(progress.done, progress.total, progress.rate(now), left)


def _order(upload: Upload) -> service.ImportOrder:
    form = Form(upload.fields)
    sku = form.text("sku", most=64, required=True)
    name = form.text("name", most=120) or upload.file_name.rpartition(".")[0] or upload.file_name
    supplier = form.text("supplier", most=120)
    cost = form.money("cost", frame().currency, default="0")
    expires: date | None = form.date("expires")
    form.done()
    return service.ImportOrder(sku, name, upload.file_name, supplier, cost, expires, actor().by)


def _titles(sku_ids: Iterable[UUID]) -> dict[UUID, str]:
    return catalog.titles(sku_ids, lang(), frame().lang)
