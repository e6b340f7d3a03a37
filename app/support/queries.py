"""Questions about help: how a piece of an order stands, what the shop says about its problems, who is stuck."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select

from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.inventory import queries as stock
from app.inventory.queries import Known
from app.kit import db
from app.merchants import queries as merchants
from app.orders.queries import Order, Review
from app.redemption import queries as redemption
from app.refunds import queries as refunds
from app.support.models import Ending as Ending
from app.support.models import FixStep
from app.support.models import HelpCall as HelpCall
from app.support.models import Problem as Problem
from app.support.rules import MOST_WORDS as MOST_WORDS
from app.support.rules import Condition as Condition
from app.support.rules import fixes as fixes


def condition_of(order: Order, item: Entitlement, device_id: UUID | None, *, now: datetime) -> Condition:
    """Return how a piece of an order stands for who asks from a browser; nothing is opened."""
    looks = entitled.list_looks([item])
    known = _known(item)
    sku = catalog.list_skus_by_id([item.sku_id])[item.sku_id]
    product = catalog.list_products_by_id([sku.product_id])[sku.product_id]
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    is_ours = item.sku_id in redemption.which_ours({item.sku_id})
    over = known.expires_on is not None and known.expires_on < today
    return Condition(
        is_ready=item.state is State.READY,
        is_revoked=item.state is State.REVOKED,
        in_review=order.review is Review.WAITING,
        is_frozen=known.frozen,
        reveals=item.reveals,
        strangers=sum(look.actor_id != device_id for look in looks),
        last_look_at=looks[0].at if looks else None,
        expired_on=known.expires_on if over else None,
        used_at=item.last_used_at if item.used else None,
        verdict=redemption.validate([item.id], now=now)[0].reason if is_ours else "",
        is_ours=is_ours,
        has_site=bool(product.redeem_url),
        is_mailed="@" in order.contact_mask,
        returns_at=refunds.returns_at(order, is_seen=bool(item.reveals)),
    )


def _known(item: Entitlement) -> Known:
    number = item.code_id or item.shared_id
    known = stock.list_known([number]) if number is not None else {}
    return next(iter(known.values()), Known(None, False))


def steps_of(product_id: UUID) -> dict[Problem, dict[str, str]]:
    """Return what the shop itself says about the problems of a product, by language."""
    said: dict[Problem, dict[str, str]] = {}
    for row in db.session().scalars(select(FixStep).where(FixStep.product_id == product_id)):
        said.setdefault(row.problem, {})[row.lang] = row.words
    return said


def find_call(entitlement_id: UUID, problem: Problem) -> HelpCall | None:
    """Return the call about a problem of an entitlement."""
    mine = (HelpCall.entitlement_id == entitlement_id, HelpCall.problem == problem)
    return db.session().scalar(select(HelpCall).where(*mine).execution_options(populate_existing=True))


def get_call(number: UUID | None) -> HelpCall:
    """Return a call of the shop, or refuse with NotFound."""
    return db.get(HelpCall, number)


def list_stuck(*, limit: int) -> Sequence[HelpCall]:
    """List the calls that wait for somebody of the shop, who waits longest first."""
    stuck = (HelpCall.ending == Ending.STUCK, HelpCall.seen_at.is_(None))
    return db.session().scalars(select(HelpCall).where(*stuck).order_by(HelpCall.ended_at).limit(limit)).all()


def list_of_order(order_id: UUID) -> Sequence[HelpCall]:
    """List the calls about an order, the latest first."""
    query = select(HelpCall).where(HelpCall.order_id == order_id)
    return db.session().scalars(query.order_by(HelpCall.asked_at.desc())).all()


@dataclass(frozen=True)
class Tally:
    """How often help was asked for about one problem of one product, and how that ended."""

    product_id: UUID
    problem: Problem
    asked: int
    solved: int
    stuck: int


def list_tallies(*, since: datetime, products: Collection[UUID] = (), limit: int = 200) -> list[Tally]:
    """Count the calls since a moment by product and problem, the most frequent first; of all products, or of some."""
    ended = (func.count(case((HelpCall.ending == ending, 1))) for ending in (Ending.SOLVED, Ending.STUCK))
    query = select(HelpCall.product_id, HelpCall.problem, func.count(), *ended).where(HelpCall.asked_at >= since)
    if products:
        query = query.where(HelpCall.product_id.in_(list(products)))
    query = query.group_by(HelpCall.product_id, HelpCall.problem)
    order = (func.count().desc(), HelpCall.product_id, HelpCall.problem)
    rows = db.session().execute(query.order_by(*order).limit(limit)).all()
    return [Tally(row[0], row[1], row[2], row[3], row[4]) for row in rows]
