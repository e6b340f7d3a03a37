"""Following: what becomes of an exchange once its order is paid, closed, or the old piece refunded. All are reactions:
none refuses."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.entitlements import service as entitlements
from app.entitlements.errors import NotInHand
from app.exchanges import queries
from app.exchanges.events import ExchangeDone, ExchangeEnded
from app.exchanges.models import Exchange, ExchangeState
from app.kit import db
from app.kit.events import SYSTEM, publish
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.events import OrderCancelled, OrderExpired, OrderPaid
from app.orders.queries import Closed
from app.refunds import service as refunds
from app.refunds.events import OrderRefunded
from app.refunds.service import TradeIn

EXCHANGE = Exchange.__table__.c


def settle(paid: Sequence[OrderPaid]) -> None:
    """Take the old pieces back whose exchange is paid whole, in the unit that pays it."""
    for event, exchange in _of(paid):
        if _restate(exchange.id, ExchangeState.DONE, event.at):
            _settle(exchange, event.at)


def _settle(exchange: Exchange, now: datetime) -> None:
    """Revoke the piece that is in the exchange's hand, and let what was paid for it go where the terms say."""
    numbers = orders.list_numbers([exchange.order_id, exchange.new_order_id])
    moved, back = exchange.pays, Money(exchange.back, exchange.currency)
    into = orders.reread(exchange.new_order_id)
    what = TradeIn(exchange.order_id, exchange.entitlement_id, into, exchange.tender_id, moved, back)
    worth = refunds.trade_in(what, now=now, by=SYSTEM)
    kept = (worth - moved - back).minor  # the fee that its payment had cost the buyer stays with the shop as well
    mine = (EXCHANGE.merchant_id == db.merchant_id(), EXCHANGE.id == exchange.id)
    db.changed(update(Exchange.__table__).where(*mine).values(kept=kept))  # type: ignore[arg-type]
    facts = {"number": numbers[exchange.order_id], "amount": moved.minor, "kept": kept, "currency": exchange.currency}
    publish(ExchangeDone(subject_id=exchange.id, order_id=exchange.new_order_id, at=now, **facts))  # type: ignore[arg-type]


def release(closed: Sequence[OrderExpired | OrderCancelled]) -> None:
    """Give pieces back into their buyers' hands whose exchange was not paid; the order takes no money any more."""
    for event, exchange in _of(closed):
        ordering.end_parts(event.subject_id)
        if not _restate(exchange.id, ExchangeState.ENDED, event.at):
            continue
        with suppress(NotInHand):  # its money may have been given back meanwhile
            entitlements.hand(exchange.entitlement_id, giver_id=exchange.id, holder_id=None)
        number = orders.list_numbers([exchange.new_order_id])[exchange.new_order_id]
        about: dict[str, Any] = {"subject_id": exchange.id, "order_id": exchange.order_id, "number": number}
        publish(ExchangeEnded(**about, at=event.at, by=event.by))


def end_lost(refunded: Sequence[OrderRefunded]) -> None:
    """Close the orders that pieces were to pay whose money was given back instead, whatever payment was started.

    Money that comes for one all the same is surplus, and goes back by itself.
    """
    lost = queries.list_lost({event.order_id for event in refunded if event.order_id})
    if lost:
        at = max(event.at for event in refunded)
        ordering.close_unpaid([exchange.new_order_id for exchange in lost], how=Closed.CANCELLED, now=at)


def _of(events: Iterable[Any]) -> list[tuple[Any, Exchange]]:
    """Return the events that are about orders which a piece pays some of, each with its exchange."""
    mine = [event for event in events if event.exchange_id]
    found = queries.list_into([event.subject_id for event in mine]) if mine else {}
    return [(event, found[event.subject_id]) for event in mine if event.subject_id in found]


def _restate(number: UUID, state: ExchangeState, at: datetime) -> bool:
    mine = (EXCHANGE.merchant_id == db.merchant_id(), EXCHANGE.id == number, EXCHANGE.state == ExchangeState.WAITING)
    ending = update(Exchange.__table__).where(*mine).values(state=state, ended_at=at)  # type: ignore[arg-type]
    return db.changed(ending) == 1
