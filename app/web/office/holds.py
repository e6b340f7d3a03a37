"""Who holds stock, and who waits for it: the holds of unpaid orders, and the queue in the order it is served."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request

from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.inventory import queries as stock
from app.kit import clock
from app.kit.ids import from_public, public
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Order
from app.refunds import queries as refunding
from app.web.guard import frame, needs
from app.web.language import lang
from app.web.office import bp
from app.web.render import Page, page

MOST = 200


@dataclass(frozen=True)
class HoldShown:
    """Codes kept for an order: until when, or, without a time, as long as somebody pays."""

    order: Order
    title: str
    count: int
    until: datetime | None
    is_over: bool  # its time is up: the next buyer takes them


@dataclass(frozen=True)
class WaitShown:
    """A place in the queue of a SKU, and when the money goes back by itself (None: somebody decides)."""

    order: Order
    title: str
    place: int
    count: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Group:
    """Orders that wait for the same: for stock, for the staff, or for a release; and how many codes in all."""

    what: str
    count: int
    rows: Sequence[WaitShown]


@bp.get("/<shop>/holds")
@needs("orders.view")
def holds() -> Page:
    now, most = clock.now(), merchants.current().unpaid_orders
    rows = _holds(_asked_sku(), now)
    return page(
        "office/holds/holds.html",
        fragments={"holds": "office/holds/_holds.html"},
        rows=rows,
        most=MOST,
        limit=most,
        at_limit=orders.list_at_limit(most=most, now=now, limit=20),
        **_filter(),
    )


@bp.get("/<shop>/queue")
@needs("orders.view")
def queue() -> Page:
    return page(
        "office/holds/queue.html",
        fragments={"queue": "office/holds/_queue.html"},
        groups=_groups(_asked_sku()),
        wait=_asked_wait(),
        most=MOST,
        hours=merchants.current().queue_hours,
        **_filter(),
    )


def _holds(sku_id: UUID | None, now: datetime) -> list[HoldShown]:
    held = stock.list_holds(sku_id=sku_id, limit=MOST)
    of, titles = orders.list_of_parts(hold.part_id for hold in held), _titles(hold.sku_id for hold in held)
    return [
        HoldShown(
            of[hold.part_id], titles.get(hold.sku_id, ""), hold.count, hold.until, bool(hold.until and hold.until < now)
        )
        for hold in held
        if hold.part_id in of
    ]


def _groups(sku_id: UUID | None) -> list[Group]:
    """Return what is waited for, all of it or the one thing that was asked for, each with its rows."""
    unreleased = catalog.read_supply().unreleased(clock.now())
    counts = entitled.count_waiting(unreleased=unreleased, sku_id=sku_id)
    asked = [what for what in entitled.WAITS if counts[what] and _asked_wait() in ("", what)]
    return [Group(what, counts[what], _queue(what, unreleased, sku_id)) for what in asked]


def _queue(what: str, unreleased: Iterable[UUID], sku_id: UUID | None) -> list[WaitShown]:
    waiting = entitled.list_waiting(what, unreleased=unreleased, sku_id=sku_id, limit=MOST)
    of, titles = orders.list_by_id(one.order_id for one in waiting), _titles(one.sku_id for one in waiting)
    seen, places, rows = entitled.list_seen(list(of)), dict[UUID, int](), []
    for one in waiting:
        order, places[one.sku_id] = of[one.order_id], places.get(one.sku_id, 0) + 1
        until = refunding.returns_at(order, is_seen=order.id in seen)
        rows.append(WaitShown(order, titles.get(one.sku_id, ""), places[one.sku_id], one.count, one.since, until))
    return rows


def _asked_wait() -> str:
    """Return for what the orders wait that are asked for; "" for all."""
    said = request.args.get("wait", "")
    return said if said in entitled.WAITS else ""


def _asked_sku() -> UUID | None:
    return from_public("sku", request.args.get("sku", ""))


def _filter() -> dict[str, Any]:
    """Return the SKUs to choose from, and the one that was chosen."""
    skus = catalog.list_skus()
    titles = _titles(sku.id for sku in skus)
    chosen = _asked_sku()
    return {
        "skus": [(public("sku", sku.id), f"{titles.get(sku.id, '')} · {sku.code}") for sku in skus],
        "chosen": public("sku", chosen) if chosen else "",
    }


def _titles(sku_ids: Iterable[UUID]) -> dict[UUID, str]:
    return catalog.titles(sku_ids, lang(), frame().lang)
