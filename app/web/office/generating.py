"""Making codes in bulk, and moving free ones to another SKU."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.catalog.queries import Kind, Source
from app.inventory import queries, service
from app.inventory.queries import CODES, GENERATE, MOVE, Progress
from app.kit import clock, db, tasks
from app.kit.errors import NotFound
from app.kit.events import EventRow
from app.kit.ids import from_public, public
from app.kit.listing import place
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, unit
from app.web.language import here
from app.web.office import bp, underway
from app.web.office.changing import SMALL
from app.web.office.redemption import titles
from app.web.render import Page, Redirect, page
from app.web.times import business_day

SAMPLE = "MF-####-####-####-####-C"


@bp.get("/<shop>/codes/generation")
@needs("codes.generate")
def generation() -> Page:
    skus = [sku for sku in catalog.list_skus() if sku.kind is Kind.CODE]
    named = titles({sku.id for sku in skus})
    choices = [(sku.code, f"{named.get(sku.id, '')} · {sku.code}") for sku in skus]
    today = business_day(clock.now(), frame().zone)
    chosen = request.args.get("sku", "")
    return page("office/stock/generate.html", skus=choices, sample=SAMPLE, chosen=chosen, today=today)


@bp.post("/<shop>/codes/generation")
@needs("codes.generate")
@unit(None)
@corrects(generation)
def generate() -> Redirect:
    wish, now, merchant_id = _wish(), clock.now(), frame().merchant_id
    known: dict[str, Any] = {"now": now, "today": business_day(now, frame().zone), "currency": frame().currency}
    number = db.write(merchant_id, lambda: service.generate(wish, **known))
    begin(GENERATE, number)
    return Redirect(here(".batch", batch=public("bat", number)))


@bp.post("/<shop>/stock/<batch>/making/cancel")
@needs("codes.generate")
def cancel_generation(batch: str) -> Redirect:
    found = queries.get_batch(from_public("bat", batch))
    service.cancel_generating(found.id, by=actor().by, now=clock.now())
    return Redirect(here(".batch", batch=batch), toast=_("It was ended; the codes that were made stay."))


def begin(kind: str, subject: UUID) -> None:
    """Do a little of long work at once, so that what is small is done when its page is shown."""
    task = db.read(frame().merchant_id, lambda: tasks.find(kind, subject))
    if task is not None:
        tasks.run(frame().merchant_id, task.id, seconds=SMALL)


def _wish() -> service.Wish:
    form = Form(request.form)
    wish = service.Wish(
        form.text("sku", most=64, required=True),
        form.text("name", most=120),
        form.text("pattern", most=80, required=True),
        form.number("count", default=0),
        form.date("expires"),
        actor().by,
    )
    form.done()
    return wish


@bp.get("/<shop>/codes/move")
@needs("codes.move")
def new_move() -> Page:
    filters = _filters(request.args if request.method == "GET" else request.form)
    if not (filters.get("sku") or filters.get("batch")):
        return page("office/stock/move.html", filters={}, name="", count=0, skus=[])
    sku = _sku_of(filters)
    others = [other for other in catalog.list_skus() if _may_take(other, sku)]
    named = titles({sku.id, *(other.id for other in others)})
    return page(
        "office/stock/move.html",
        filters=filters,
        name=named.get(sku.id, sku.code),
        count=service.count_movable(sku.id, filters),
        skus=[(public("sku", other.id), f"{named.get(other.id, '')} · {other.code}") for other in others],
    )


@bp.post("/<shop>/codes/move")
@needs("codes.move")
@unit(None)
@corrects(new_move)
def move() -> Redirect:
    to_id, count, reason = _moving()
    filters, merchant_id = _filters(request.form), frame().merchant_id

    def start() -> UUID:
        wish = service.MoveWish(_sku_of(filters).id, to_id, filters, count, reason)
        return service.move(wish, now=clock.now(), by=actor().by)

    number = db.write(merchant_id, start)
    begin(MOVE, number)
    return Redirect(here(".moved", move=public("evt", number)))


@bp.get("/<shop>/codes/moves/<move>")
@needs("codes.move")
def moved(move: str) -> Page:
    told, task = queries.get_move(from_public("evt", move))
    running = task.state is tasks.State.WAITING
    answer = page(
        "office/codes/move.html",
        fragments={"move": "office/codes/_move.html"},
        number=move,
        running=running,
        **_move_shown(told, task),
    )
    answer.is_news = not running and request.headers.get("HX-Target") == "move"
    return answer


def _move_shown(told: EventRow, task: tasks.Task) -> dict[str, Any]:
    """Return what is shown of a move: from where to where, why, and how far it is."""
    from_id, to_id = told.subject_id, UUID(told.data["to_id"])
    named = titles({from_id, to_id})
    return {
        "state": task.state.name,
        "progress": underway.shown(Progress(task.done, task.total, task.created_at), clock.now()),
        "names": (named.get(from_id, ""), named.get(to_id, "")),
        "to": public("sku", to_id),
        "reason": told.data["reason"],
    }


@bp.post("/<shop>/codes/moves/<move>/cancel")
@needs("codes.move")
def cancel_move(move: str) -> Redirect:
    service.cancel_move(from_public("evt", move), now=clock.now(), by=actor().by)
    return Redirect(here(".moved", move=move), toast=_("The move was ended; what has moved stays there."))


def _moving() -> tuple[UUID, int, str]:
    """Return what a form says of a move: to which SKU, how many codes, why."""
    form = Form(request.form)
    to, count = form.text("to", most=64, required=True), form.number("count", default=0)
    reason = form.text("reason", most=300, required=True)
    form.done()
    to_id = from_public("sku", to)
    if to_id is None:
        raise NotFound
    return to_id, count, reason


def _sku_of(filters: Mapping[str, str]) -> catalog.Sku:
    """Return the SKU whose codes a list shows, named by itself or by a batch."""
    number = from_public("sku", filters.get("sku", ""))
    if number is None and (batch := from_public("bat", filters.get("batch", ""))):
        number = queries.get_batch(batch).sku_id
    found = catalog.list_skus_by_id([number] if number else [])
    if not found:
        raise NotFound
    return next(iter(found.values()))


def _may_take(other: catalog.Sku, sku: catalog.Sku) -> bool:
    return other.id != sku.id and other.kind is sku.kind and other.source is Source.POOL


def _filters(args: Mapping[str, str]) -> dict[str, str]:
    return {name: said[:200] for name, said in place(CODES, args).items() if name in CODES.filters}
