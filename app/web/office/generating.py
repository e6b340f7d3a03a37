"""Making codes in bulk, and moving free ones to another SKU."""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.catalog.queries import Kind, Source
from app.inventory import queries, service
from app.inventory.queries import CODES
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.kit.listing import place
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here
from app.web.office import bp
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
@corrects(generation)
def generate() -> Redirect:
    form, now = Form(request.form), clock.now()
    wish = service.Wish(
        form.text("sku", most=64, required=True),
        form.text("name", most=120),
        form.text("pattern", most=80, required=True),
        form.number("count", default=0),
        form.date("expires"),
        actor().by,
    )
    form.done()
    number = service.generate(wish, now=now, today=business_day(now, frame().zone), currency=frame().currency)
    return Redirect(here(".batch", batch=public("bat", number)))


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
@corrects(new_move)
def move() -> Redirect:
    form, filters = Form(request.form), _filters(request.form)
    to, count = form.text("to", most=64, required=True), form.number("count", default=0)
    reason = form.text("reason", most=300, required=True)
    form.done()
    to_id = from_public("sku", to)
    if to_id is None:
        raise NotFound
    wish = service.MoveWish(_sku_of(filters).id, to_id, filters, count, reason)
    service.move(wish, now=clock.now(), by=actor().by)
    return Redirect(here(".codes", sku=to), toast=_("%(num)s codes are being moved", num=count))


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
