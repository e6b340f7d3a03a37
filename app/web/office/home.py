"""The office's first page: what waits for somebody, and how the day goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.catalog import queries as catalog
from app.delivery import queries as delivery
from app.inventory import queries as inventory
from app.kit import clock
from app.orders import queries as orders
from app.payments import queries as payments
from app.web.guard import actor, frame, needs
from app.web.language import lang
from app.web.office import bp
from app.web.office.exceptions import MOST
from app.web.office.pace import told_rate
from app.web.render import Page, page
from app.web.standing import with_standing
from app.web.times import business_day, start_of_day

LOW = 10
LATEST = 8


@bp.get("/<shop>/")
@needs("home.view")
def home() -> Page:
    now = clock.now()
    counts = inventory.stock_of(sku.id for sku in catalog.list_skus())
    return page(
        "office/home.html",
        day=business_day(now, frame().zone),
        today=_figures(now),
        before=_figures(now - timedelta(days=1)),
        waits=_waits(),
        low=_low(counts),
        told=told_rate(),
        latest=with_standing(orders.latest(LATEST), now=now),
        has_products=catalog.count_products() > 0,
        has_stock=any(counts.values()),
    )


@dataclass(frozen=True)
class Waits:
    """How much did not go by itself: orders without codes, odd payments, buyers who were not told, decisions."""

    queued: int
    odd: int
    untold: int
    in_review: int = 0
    transfers: int = 0


def _waits() -> Waits:
    return Waits(
        orders.count_owed(),
        payments.count_exceptions(most=MOST),
        delivery.count_stuck(most=MOST),
        orders.count_in_review() if actor().can("orders.review") else 0,
        payments.count_told_transfers(most=MOST) if actor().can("payments.match") else 0,
    )


def _figures(until: datetime) -> orders.Figures:
    """Return what was sold from the start of a day to this time of it."""
    return orders.figures(since=start_of_day(until, frame().zone), until=until, currency=frame().currency)


def _low(counts: Mapping[UUID, int]) -> list[tuple[str, str, int]]:
    """List code, title and stock of what is for sale and nearly gone, the scarcest first."""
    skus = sorted(catalog.list_skus_for_sale(), key=lambda sku: counts.get(sku.id, 0))
    short = catalog.clearances()  # runs out whenever all is sold, as it should
    low = [sku for sku in skus if counts.get(sku.id, 0) < LOW and sku.id not in short]
    titles = catalog.titles([sku.id for sku in low], lang(), frame().lang)
    return [(sku.code, titles[sku.id], counts.get(sku.id, 0)) for sku in low]
