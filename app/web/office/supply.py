"""How a variant is supplied: its pattern, its contents, its release, its shared codes."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.catalog import service
from app.catalog.queries import Ingredient, Sku, Source
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.errors import BadPattern
from app.kit import clock, db
from app.kit.ids import from_public, public
from app.web.errors import say_all
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.office import bp
from app.web.office.drafts import pattern_in
from app.web.office.margins import DAYS, sum_of
from app.web.office.shown import kind_name
from app.web.office.sources import source_name
from app.web.render import Page, Redirect, page
from app.web.times import business_day

ROWS = 20  # of the form of a bundle's contents


@bp.get("/<shop>/skus/<sku>/supply")
@needs("products.view")
def supply(sku: str) -> Page:
    found = _sku(sku)
    example, faults = _example(found)
    return page(
        "office/supply/supply.html",
        sku=found,
        example=example,
        problems=faults,
        **_known(found),
        **_of_source(found),
    )


@bp.post("/<shop>/skus/<sku>/pattern")
@needs("products.edit")
@corrects(supply)
def set_pattern(sku: str) -> Redirect:
    form = Form(request.form)
    pattern = pattern_in(form)
    form.done()
    service.set_pattern(_sku(sku), pattern, now=clock.now(), by=actor().by)
    return _saved(sku)


@bp.post("/<shop>/skus/<sku>/contents")
@needs("products.edit")
@corrects(supply)
def set_contents(sku: str) -> Redirect:
    form = Form(request.form)
    portions, as_ready = _portions(form), bool(form.fields.get("as_ready"))
    form.done()
    service.set_components(_sku(sku), portions, as_ready=as_ready, now=clock.now(), by=actor().by)
    return _saved(sku)


@bp.post("/<shop>/skus/<sku>/release")
@needs("products.edit")
@corrects(supply)
def set_release(sku: str) -> Redirect:
    form = Form(request.form)
    at = _moment(form.date("release"), form)
    cap = form.number("cap", default=0) if form.fields.get("cap", "").strip() else None
    form.done()
    service.set_release(_sku(sku), at, cap, now=clock.now(), by=actor().by)
    return _saved(sku)


@bp.post("/<shop>/skus/<sku>/opening")
@needs("products.edit")
@corrects(supply)
def set_opening(sku: str) -> Redirect:
    form = Form(request.form)
    minutes = form.number("minutes", default=0) if form.fields.get("minutes", "").strip() else None
    form.done()
    service.set_opening(_sku(sku), minutes, now=clock.now(), by=actor().by)
    return _saved(sku)


@bp.post("/<shop>/skus/<sku>/shared")
@needs("codes.import")
@corrects(supply)
def add_shared(sku: str) -> Redirect:
    found, form = _sku(sku), Form(request.form)
    draft = _shared(found, form)
    now = clock.now()
    today = business_day(now, frame().zone)
    form.also(lambda: inventory.add_shared(found.id, draft, now=now, today=today, by=actor().by))
    return Redirect(here(".supply", sku=sku), toast=_("In stock"))


@bp.post("/<shop>/shared/<shared>/freeze")
@needs("codes.import")
def freeze_shared(shared: str) -> Redirect:
    found = stock.get_shared(from_public("shc", shared))
    frozen = bool(request.form.get("frozen"))
    inventory.freeze_shared(found.id, frozen=frozen, now=clock.now(), by=actor().by)
    said = _("Frozen: neither sold nor shown") if frozen else _("Sold and shown again")
    return Redirect(here(".supply", sku=public("sku", found.sku_id)), toast=said)


def _sku(name: str) -> Sku:
    return db.get(Sku, from_public("sku", name))


def _saved(sku: str) -> Redirect:
    return Redirect(here(".supply", sku=sku), toast=_("Saved"))


def _known(sku: Sku) -> dict[str, Any]:
    """Return what a variant is, whatever its source."""
    return {
        "title": _title(sku),
        "kind": kind_name(sku.kind),
        "source": source_name(sku.source),
        "product": public("prd", sku.product_id),
        "left": stock.stock_of([sku.id]).get(sku.id, 0),
        "today": business_day(clock.now(), frame().zone),
    }


def _of_source(sku: Sku) -> dict[str, Any]:
    """Return what there is to set for its source."""
    return {
        "recipe": _recipe_rows(sku),
        "variants": _variants(sku),
        "shared": stock.list_shared(sku.id) if sku.source is Source.SHARED else (),
        "release": _release(sku),
        "brought": sum_of(sku),
        "days": DAYS,
    }


def _title(sku: Sku) -> str:
    return catalog.titles([sku.id], lang(), frame().lang).get(sku.id, sku.code)


def _example(sku: Sku) -> tuple[str, dict[str, str]]:
    """Return a code as the pattern makes them, which nobody ever gets, and what is wrong with the pattern."""
    if sku.source is not Source.GENERATED or not sku.pattern:
        return "", {}
    try:
        return stock.parse_pattern(sku.pattern).make(), {}
    except BadPattern as fault:
        return "", {"pattern": say_all(fault)}


def _recipe_rows(sku: Sku) -> Sequence[tuple[str, int, int]]:
    """Return code, quantity and weight of what a bundle consists of."""
    if sku.source is not Source.BUNDLE:
        return ()
    recipe: tuple[Ingredient, ...] = catalog.read_recipes([sku.id]).get(sku.id, ())
    known = catalog.list_skus_by_id([one.sku_id for one in recipe])
    return [(known[one.sku_id].code, one.quantity, one.share) for one in recipe]


def _variants(sku: Sku) -> list[tuple[str, str]]:
    """Return what can be in a bundle."""
    if sku.source is not Source.BUNDLE:
        return []
    skus = [one for one in catalog.list_skus() if one.source is not Source.BUNDLE]
    titles = catalog.titles([one.id for one in skus], lang(), frame().lang)
    return [(one.code, f"{titles.get(one.id, one.code)} · {one.code}") for one in skus]


def _portions(form: Form) -> list[service.Portion]:
    """Return the lines of the form that name something."""
    return [
        service.Portion(code, form.number(f"quantity_{row}", default=1), form.number(f"share_{row}", default=1))
        for row in range(ROWS)
        if (code := form.fields.get(f"component_{row}", "").strip())
    ]


def _release(sku: Sku) -> str:
    """Return the release that lies ahead as the form writes it, in the shop's zone."""
    ahead = sku.release_at if sku.release_at and sku.release_at > clock.now() else None
    return f"{ahead.astimezone(ZoneInfo(frame().zone)):%Y-%m-%d}" if ahead else ""


def _moment(day: date | None, form: Form) -> datetime | None:
    """Return when a day begins for the shop, or at the hour that the form names."""
    if day is None:
        return None
    hour = min(max(form.number("hour", default=0), 0), 23)
    return datetime.combine(day, time(hour), ZoneInfo(frame().zone))


def _shared(sku: Sku, form: Form) -> inventory.SharedDraft:
    return inventory.SharedDraft(
        {name: form.fields.get(name, "").strip() for name in sku.kind.fields},
        form.number("uses", default=0),
        form.money("cost", frame().currency, default="0"),
        form.date("expires"),
        form.text("supplier", most=120),
    )
