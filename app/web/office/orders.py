"""Orders in the office: the list, and one order with everything that happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request

from app.balances import queries as balances
from app.delivery import queries as delivery
from app.delivery import service as telling
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.exchanges import queries as exchanges
from app.gifting import queries as gifting
from app.kit import clock, events
from app.kit.ids import from_public
from app.kit.listing import listed, place
from app.ledger import queries as ledger
from app.members import queries as members
from app.orders import queries
from app.orders.queries import Order, Payment, TenderState, status
from app.payments import queries as payments
from app.refunds import queries as refunds
from app.refunds.queries import Refund
from app.risk import queries as fences
from app.support import queries as support
from app.web.guard import needs
from app.web.office import bp, disputes
from app.web.office.ahead import AheadShown, ahead_shown
from app.web.office.awaited import Known, awaited
from app.web.office.fence_words import CatchShown, catches_shown
from app.web.office.helping import calls_shown
from app.web.office.links import links_of
from app.web.office.lists import tools_of
from app.web.office.margins import BundleShown, bundles_of
from app.web.office.messages import messages_shown
from app.web.office.moneyed import PaybackShown, TenderShown, payback_shown, tenders_shown
from app.web.office.refunding import RefundShown, refunds_shown
from app.web.office.shown import PostingShown, postings_shown, steps
from app.web.render import Page, page
from app.web.standing import with_standing
from app.web.times import later_than
from app.web.titles import titles_of


@bp.get("/<shop>/orders")
@needs("orders.view")
def orders() -> Page:
    found = listed(queries.ORDERS, request.args)
    return page(
        "office/orders/orders.html",
        fragments={"orders": "office/orders/_orders.html"},
        listed=found,
        list=tools_of(queries.ORDERS, found),
        rows=with_standing(found.page.rows, now=clock.now()),
        statuses=["", *queries.FILTERS],
    )


@bp.get("/<shop>/orders/<order>")
@needs("orders.view")
def order(order: str) -> Page:
    found = queries.get(from_public("ord", order))
    return page(
        "office/orders/order.html",
        secret=True,
        order=found,
        status=status(found, now=clock.now()),
        **_buyer(found),
        money=_money(found),
        links=links_of(found.id),
        **_delivered(found),
        **_happened(found),
        back=place(queries.ORDERS, request.args),
    )


def _buyer(found: Order) -> dict[str, Any]:
    """Return who bought: the contact, and the account that it is of."""
    return {"contact": queries.contact_of(found), "account": next(iter(members.find_by_order(found)), None)}


def _delivered(found: Order) -> dict[str, Any]:
    """Return what the buyer owns, was told and gave to others, and what happens next by itself."""
    goods, now = _goods(found), clock.now()
    messages = messages_shown(delivery.list_of_order(found.id))
    gifts = gifting.list_of_order(found.id, now=now)
    known = Known(goods.opens_at, None if goods.is_shut else goods.until, messages, gifts)
    return {
        "goods": goods,
        "messages": messages,
        "can_tell": telling.can_tell(found),
        "gifts": gifts,
        "gift_titles": titles_of(found, {given.entitlement.sku_id for given in gifts}) if gifts else {},
        "awaited": awaited(found, status(found, now=now), known),
    }


def _happened(found: Order) -> dict[str, Any]:
    """Return what happened to an order, how a dispute about its payment stands, and what help its buyer asked for."""
    told = disputes.list_told(found.id)
    all_steps = disputes.among(steps(events.timeline(order_id=found.id)), told)
    help_asked = calls_shown(support.list_of_order(found.id))
    return {"steps": all_steps, "dispute": disputes.dispute_shown(told), "help": help_asked}


@dataclass(frozen=True)
class GoodsShown:
    """What the buyer of an order owns, each with its title, and how much of it is still owed."""

    entitlements: Sequence[tuple[str, Entitlement]]
    owed: int
    is_seen: bool
    until: datetime | None  # when the money goes back by itself, for want of codes
    bundles: Sequence[BundleShown]  # what the parts of each brought, for who may see that
    caught: Sequence[CatchShown] = ()  # what the fences saw
    opens_at: datetime | None = None  # until when some of it is kept closed
    is_shut: bool = False  # all that is owed waits for that moment, and for nothing else


def _goods(found: Order) -> GoodsShown:
    owned, now = entitled.list_of_order(found.id), clock.now()
    owed = [item for item in owned if item.state is State.PROMISED]
    titles = titles_of(found, {item.sku_id for item in owned})
    is_seen = any(item.reveals for item in owned)
    return GoodsShown(
        entitlements=[(titles.get(item.sku_id, ""), item) for item in owned],
        owed=len(owed),
        is_seen=is_seen,
        until=refunds.returns_at(found, is_seen=is_seen),
        bundles=bundles_of(found),
        opens_at=later_than(now, entitled.opens_at(found.id)),
        is_shut=bool(owed) and all(later_than(now, item.opens_at) for item in owed),
        caught=catches_shown(fences.list_caught([found.id]).get(found.id, []), found.currency),
    )


@dataclass(frozen=True)
class MoneyShown:
    """The money of an order: how it came, what went back, and what the books say."""

    tenders: Sequence[TenderShown]
    refund: Refund | None  # the one that matters most now
    refunds: Sequence[RefundShown]
    paybacks: Sequence[PaybackShown]
    postings: Sequence[PostingShown]
    ahead: AheadShown | None = None  # of a top-up: what can go back
    exchanged: bool = False  # what was taken back became something else, all of it
    gone_back: bool = False  # a balance held a part of it until it was closed


def _money(found: Order) -> MoneyShown:
    taken_back, sent = refunds.list_of_order(found.id), payments.list_paybacks_of_order(found.id)
    about = [found.id, *(item.id for item in entitled.list_of_order(found.id))]
    about += [*(refund.id for refund in taken_back), *(payback.id for payback in sent)]
    about += balances.list_movements_about(found)
    about += exchanges.list_about(found)
    tenders = queries.list_tenders_of(found.id)
    about += [tender.id for tender in tenders]
    about += [notice.id for notice in payments.list_notices([tender.id for tender in tenders])]
    return MoneyShown(
        tenders=_tenders(found.id),
        refund=refunds.leading(taken_back),
        refunds=refunds_shown(found.id),
        exchanged=bool(taken_back) and all(row.into_id for row in taken_back),
        paybacks=[payback_shown(row) for row in sent],
        postings=postings_shown(ledger.list_entries_about(about), found.currency),
        ahead=ahead_shown(found),
        gone_back=found.payment is Payment.PENDING and any(one.state is TenderState.RETURNED for one in tenders),
    )


def _tenders(order_id: UUID) -> list[TenderShown]:
    tenders = queries.list_tenders_of(order_id)
    methods = payments.list_methods_by_id(tender.method_id for tender in tenders if tender.method_id)
    return tenders_shown(tenders, methods, payments.list_notices([tender.id for tender in tenders]))
