"""The books follow what happened: events in, postings out."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from app.finance import postings
from app.inventory import queries as stock
from app.inventory.events import CodesImported
from app.kit.money import Money
from app.ledger import service as ledger
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.events import OrderPaid


def post_sales(paid: Sequence[OrderPaid]) -> None:
    """Post revenue and cost of goods of orders in the unit that paid them."""
    zone = ZoneInfo(merchants.current().zone)
    costs: dict[UUID, int] = defaultdict(int)
    for part in orders.list_parts([event.subject_id for event in paid]):
        costs[part.order_id] += part.cost
    ledger.post(
        [
            postings.sale(
                order_id=event.subject_id,
                total=Money(event.amount, event.currency),
                cost=Money(costs[event.subject_id], event.currency),
                at=event.at,
                day=event.at.astimezone(zone).date(),
            )
            for event in paid
            if event.amount or costs[event.subject_id]
        ]
    )


def post_purchases(imported: Sequence[CodesImported]) -> None:
    """Post what imported codes cost, in the unit that finished the import."""
    zone = ZoneInfo(merchants.current().zone)
    for event in imported:
        cost = stock.get_batch(event.subject_id).cost * event.imported
        if cost.minor:
            day = event.at.astimezone(zone).date()
            ledger.post([postings.purchase(batch_id=event.subject_id, cost=cost, at=event.at, day=day)])
