"""One batch: its entitlements, masked, with state and person, and the same as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, request
from flask_babel import gettext as _

from app.companies import queries
from app.companies.queries import Piece
from app.gifting import queries as gifting
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.kit.listing import listed
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.enterprise import bp
from app.web.enterprise.acting import company_id
from app.web.firms import channel_name, piece_state
from app.web.guard import frame, needs, unit
from app.web.render import Page, page
from app.web.saving import FORMATS, saved
from app.web.titles import titles_of

AT_ONCE = 2000  # rows of a file from one read unit


@bp.get("/batches/<order>")
@needs("company.wallet")
def batch(order: str) -> Page:
    bought, now = find_batch(order), clock.now()
    found = listed(queries.pieces_of(bought.id, now=now), request.args)
    return page(
        "enterprise/wallet/batch.html",
        fragments={"pieces": "enterprise/wallet/_pieces.html"},
        order=bought,
        tally=queries.tallies([bought.id], now=now)[bought.id],
        listed=found,
        rows=queries.pieces(found.page.rows, now=now),
        titles=titles_of(bought, {row.sku_id for row in found.page.rows}),
        states=[(state, piece_state(state)) for state in queries.STATES],
    )


@bp.get("/batches/<order>/export.<kind>")
@needs("company.export")
@unit(None)
def export(order: str, kind: str) -> Response:
    merchant_id, company, now = frame().merchant_id, company_id(), clock.now()
    if kind not in FORMATS:
        raise NotFound
    bought = db.read(merchant_id, partial(find_batch, order, company))
    chosen = {name: request.args.get(name, "") for name in ("status", "q")}
    return saved(kind, bought.number, _header(), _rows(Export(merchant_id, bought, now, chosen)))


def free_batches() -> list[tuple[Order, int]]:
    """List the batches of which something can still be redeemed or handed out, with how much of it."""
    rows = listed(queries.batches_of(company_id()), {"size": "200"}).page.rows
    ids = [order.id for order in rows]
    tallies, given = queries.tallies(ids, now=clock.now()), gifting.count_given(ids)
    free = {number: tallies[number]["ready"] - given.get(number, 0) for number in ids}
    return [(order, free[order.id]) for order in rows if free[order.id] > 0]


def find_batch(name: str, owner: UUID | None = None) -> Order:
    """Return an order of the company one acts for; anybody else's does not exist."""
    order = orders.get(from_public("ord", name))
    if order.company_id != (owner or company_id()) or not queries.is_batch(order):
        raise NotFound
    return order


@dataclass(frozen=True)
class Export:
    """What a file of a batch holds: as the page, as of a moment."""

    merchant_id: int
    order: Order
    now: datetime
    chosen: dict[str, str]


def _header() -> list[str]:
    return [
        _("Product"), _("Code"), _("Status"), _("Person or reference"), _("Uses left"), _("Valid until"),
        _("Redeemed"), _("Redeemed by way of"),
    ]  # fmt: skip


def _rows(export: Export) -> Iterator[list[str]]:
    """Yield the rows some at a time, a read unit each; what comes in meanwhile is not among them."""
    titles: dict[UUID, str] = {}
    ask = partial(queries.list_pieces, export.order.id, chosen=export.chosen, limit=AT_ONCE, now=export.now)
    after: UUID | None = None
    while some := db.read(export.merchant_id, partial(ask, after=after)):
        after = some[-1].id
        if missing := {piece.sku_id for piece in some} - set(titles):
            titles |= db.read(export.merchant_id, partial(titles_of, export.order, missing))
        yield from (_row(piece, titles.get(piece.sku_id, "")) for piece in some)


def _row(piece: Piece, title: str) -> list[str]:
    last = piece.last
    return [
        title,
        f"…{piece.tail}" if piece.tail else "…",
        piece_state(piece.state),
        piece.reference,
        str(piece.uses_left),
        written(piece.until),
        written(last.at if last else None),
        channel_name(last.channel) if last else "",
    ]


def written(at: datetime | None) -> str:
    """Return a time as a file holds it: on the clocks of the shop, to the second."""
    return f"{at.astimezone(ZoneInfo(frame().zone)):%Y-%m-%d %H:%M:%S}" if at else ""
