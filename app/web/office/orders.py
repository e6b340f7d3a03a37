"""Orders in the office: the list, and one order with everything that happened to it."""

from uuid import UUID

from flask import request

from app.entitlements import queries as entitled
from app.kit import clock, events
from app.kit.ids import from_public
from app.kit.listing import listed, place
from app.ledger import queries as ledger
from app.orders import queries
from app.orders.queries import status
from app.payments import queries as payments
from app.web.guard import needs
from app.web.office import bp
from app.web.office.shown import TenderShown, posting_shown, steps, tenders_shown
from app.web.render import Page, page


@bp.get("/<shop>/orders")
@needs("orders.view")
def orders() -> Page:
    found = listed(queries.ORDERS, request.args)
    now = clock.now()
    return page(
        "office/orders/orders.html",
        fragments={"orders": "office/orders/_orders.html"},
        listed=found,
        rows=[(order, status(order, now=now)) for order in found.page.rows],
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
        contact=queries.contact_of(found),
        entitlements=entitled.list_of_order(found.id),
        titles={line.sku_id: line.title for line in found.lines},
        tenders=_tenders(found.id),
        posting=posting_shown(ledger.list_entries("sale", found.id), found.currency),
        steps=steps(events.timeline(order_id=found.id)),
        back=place(queries.ORDERS, request.args),
    )


def _tenders(order_id: UUID) -> list[TenderShown]:
    tenders = queries.list_tenders_of(order_id)
    methods = payments.list_methods_by_id(tender.method_id for tender in tenders if tender.method_id)
    return tenders_shown(tenders, methods, payments.list_notices([tender.id for tender in tenders]))
