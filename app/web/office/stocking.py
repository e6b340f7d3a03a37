"""The stock of one SKU in the office: how much there is, which code is sold first, its lanes, when staff are told."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.queries import Sku, Strategy
from app.inventory import queries, service
from app.inventory.queries import CHANNELS, REPICK, SOLD_DAYS
from app.kit import clock, tasks
from app.kit.errors import NotFound, words
from app.kit.ids import from_public
from app.orders import queries as orders
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.office import bp, clearing, underway
from app.web.office.sources import source_name
from app.web.render import Page, Redirect, page
from app.web.times import business_day

STRATEGIES = {
    Strategy.FIRST_IN: (words("First in, first out"), words("The longest in stock is sold first.")),
    Strategy.RANDOM: (words("At random"), words("Nobody can tell from one code which comes next.")),
    Strategy.SOONEST: (words("Soonest expiry first"), words("Codes without an expiry come last.")),
    Strategy.RANKED: (words("By the rank of batches"), words("A lower rank is sold before a higher one.")),
}
CHANNEL_NAMES = {"shop": words("Shop"), "company": words("Companies")}
LIMITS = ("low_stock", "low_days", "expiry_days")


@dataclass(frozen=True)
class LaneShown:
    """A share of the pool: how much of it is for sale, and its place in the walk of each channel (0: none)."""

    number: int
    name: str
    steer_days: int | None
    count: int
    places: dict[str, int]


@bp.get("/<shop>/skus/<sku>/stock")
@needs("stock.view")
def sku_stock(sku: str) -> Page:
    found, now = _sku(sku), clock.now()
    counts = queries.count_by_class(found.id, today=business_day(now, frame().zone))
    return page(
        "office/stocking/sku.html",
        fragments={"repick": "office/stocking/_repick.html"},
        counts=counts,
        **_source(found),
        pace=_pace(found, counts["available"]),
        strategies=[(choice.value, _(name), _(note)) for choice, (name, note) in STRATEGIES.items()],
        repick=_repick(found.id),
        **_of_lanes(found.id),
        **clearing.facts_of(found),
        alerts={kind.name.lower(): at for kind, at in queries.list_alerts(found.id).items()},
    )


def _source(sku: Sku) -> dict[str, Any]:
    """Return what a variant is, and how much of it is for sale, whatever its source."""
    return {
        "sku": sku,
        "title": catalog.titles([sku.id], lang(), frame().lang).get(sku.id, sku.code),
        "left": queries.stock_of([sku.id]).get(sku.id, 0),
        "source": source_name(sku.source),
    }


@bp.post("/<shop>/skus/<sku>/strategy")
@needs("stock.edit")
def change_strategy(sku: str) -> Redirect:
    number = Form(request.form).number("strategy", default=0)
    if number not in set(Strategy):
        raise NotFound
    found = _sku(sku)
    service.change_strategy(found.id, Strategy(number), now=clock.now(), by=actor().by)
    return _back(sku, _("Saved. Codes in stock are put in the new order; selling goes on."))


@bp.post("/<shop>/skus/<sku>/limits")
@needs("stock.edit")
@corrects(sku_stock)
def set_limits(sku: str) -> Redirect:
    form = Form(request.form)
    limits = shelving.Limits(**{name: form.number(name, default=0) or None for name in LIMITS})
    form.done()
    shelving.set_limits(_sku(sku).id, limits, now=clock.now(), by=actor().by)
    service.watch_now(now=clock.now())
    return _back(sku, _("Saved"))


@bp.post("/<shop>/skus/<sku>/clearance")
@needs("stock.edit")
@corrects(sku_stock)
def set_clearance(sku: str) -> Redirect:
    found, form = _sku(sku), Form(request.form)
    form.also(lambda: clearing.change(found, form))
    return _back(sku, _("Saved. Codes are moved within seconds."))


@bp.post("/<shop>/skus/<sku>/lanes")
@needs("stock.edit")
@corrects(sku_stock)
def set_lane(sku: str) -> Redirect:
    form = Form(request.form)
    number, days = form.number("number", default=0), form.number("steer_days", default=0)
    form.done()
    service.set_lane(
        _sku(sku).id,
        number=number or None,
        name=form.fields.get("name", ""),
        steer_days=days or None,
        now=clock.now(),
        by=actor().by,
    )
    return _back(sku, _("Lane saved"))


@bp.post("/<shop>/skus/<sku>/lanes/<int:lane>/end")
@needs("stock.edit")
def drop_lane(sku: str, lane: int) -> Redirect:
    service.drop_lane(_sku(sku).id, lane, now=clock.now(), by=actor().by)
    return _back(sku, _("Lane removed"))


@bp.post("/<shop>/skus/<sku>/walks")
@needs("stock.edit")
@corrects(sku_stock)
def set_walks(sku: str) -> Redirect:
    form, found = Form(request.form), _sku(sku)
    numbers = [0, *(lane.number for lane in queries.list_lanes(found.id))]
    walks = {channel: _walk(form, channel, numbers) for channel in CHANNELS}
    form.done()
    service.set_walks(found.id, walks, now=clock.now(), by=actor().by)
    return _back(sku, _("Saved. Sales follow it within seconds."))


@bp.post("/<shop>/skus/<sku>/moves")
@needs("stock.edit")
@corrects(sku_stock)
def move_codes(sku: str) -> Redirect:
    form = Form(request.form)
    source, target, count = (form.number(name, default=0) for name in ("source", "target", "count"))
    form.done()
    now, by = clock.now(), actor().by
    moved = service.move_codes(_sku(sku).id, source=source, target=target, count=count, now=now, by=by)
    return _back(sku, str(ngettext("%(num)s code moved", "%(num)s codes moved", moved)))


def _walk(form: Form, channel: str, numbers: list[int]) -> list[int]:
    """Return the lanes that were given a place in a channel, in the order of their places."""
    places = {number: form.number(f"walk_{channel}_{number}", default=0) for number in numbers}
    return sorted((number for number in numbers if places[number] > 0), key=lambda number: (places[number], number))


def _lanes(sku_id: UUID) -> list[LaneShown]:
    known = queries.list_lanes(sku_id)
    counts = queries.count_by_lane(sku_id, today=business_day(clock.now(), frame().zone))
    walks = queries.read_walks(sku_id).get(sku_id, {})
    rows: list[tuple[int, str, int | None]] = [(0, _("Main pool"), None)]
    rows += [(lane.number, lane.name, lane.steer_days) for lane in known]
    return [
        LaneShown(number, name, days, counts.get(number, 0), {each: _place(walks, each, number) for each in CHANNELS})
        for number, name, days in rows
    ]


def _of_lanes(sku_id: UUID) -> dict[str, Any]:
    """Return the lanes of a SKU, the channels there are, and both for choosing among them."""
    lanes, names = _lanes(sku_id), [(channel, _(CHANNEL_NAMES[channel])) for channel in CHANNELS]
    return {
        "lanes": lanes,
        "lane_choices": [(lane.number, lane.name) for lane in lanes],
        "channels": names,
        "channels_of": [(name, "num") for _channel, name in names],
    }


def _place(walks: dict[str, tuple[int, ...]], channel: str, number: int) -> int:
    walk = walks.get(channel, (0,))
    return walk.index(number) + 1 if number in walk else 0


@dataclass(frozen=True)
class Pace:
    """How fast something sells, and for how many days its stock lasts at that (None: nothing was sold)."""

    sold: int
    days: int | None


def _pace(sku: Sku, left: int) -> Pace:
    since = clock.now() - timedelta(days=SOLD_DAYS)
    sold = orders.count_sold(since=since, sku_ids=[sku.id]).get(sku.id, 0)
    return Pace(sold, left * SOLD_DAYS // sold if sold else None)


def _repick(sku_id: UUID) -> underway.ProgressShown | None:
    """Return the work of putting codes in a new order while it goes on."""
    task = tasks.find(REPICK, sku_id)
    runs = task and task.state == tasks.State.WAITING and (task.done < task.total or not task.total)
    return underway.ProgressShown(task.done, task.total) if task and runs else None


def _sku(name: str) -> Sku:
    number = from_public("sku", name)
    found = catalog.list_skus_by_id([number]) if number else {}
    if number not in found:
        raise NotFound
    return found[number]


def _back(sku: str, said: str) -> Redirect:
    return Redirect(here(".sku_stock", sku=sku), toast=said)
