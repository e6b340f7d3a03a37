"""Ordering from the balance: the products on sale, for the company."""

import uuid

from flask import request
from flask_babel import gettext as _

from app.balances import queries as balances
from app.catalog import queries as catalog
from app.catalog.queries import Sku
from app.companies import queries, service
from app.inventory import queries as stock
from app.kit import clock
from app.kit.ids import public
from app.kit.money import Money
from app.orders.queries import Order, Payment
from app.pricing import service as pricing
from app.web.enterprise import bp
from app.web.enterprise.acting import check_company, company_id
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.render import Page, Redirect, page


@bp.get("/orders/new")
@needs("company.order")
def new_order() -> Page:
    skus, chosen = _list_on_sale(), request.values.get("sku", "")
    return page(
        "enterprise/order.html",
        fragments={"due": "enterprise/_due.html"},
        skus=skus,
        chosen=chosen,
        total=_total(next((sku for sku, *_rest in skus if sku.code == chosen), skus[0][0])) if skus else None,
        balance=balances.balance(company_id()),
        most=queries.MOST_PIECES,
        idem=str(uuid.uuid4()),
    )


def _list_on_sale() -> list[tuple[Sku, str, int]]:
    """List what can be ordered now, each with its title and how many are in stock."""
    offered = catalog.list_skus_for_sale()
    counts, short = stock.stock_of(sku.id for sku in offered), catalog.clearances()
    skus = [sku for sku in offered if counts.get(sku.id) or sku.id not in short]
    titles = catalog.titles([sku.id for sku in skus], lang(), frame().lang)
    return [(sku, titles[sku.id], counts.get(sku.id, 0)) for sku in skus]


def _total(sku: Sku) -> Money | None:
    """Return what so many pieces as are asked for cost, or None where that is no number of pieces."""
    form = Form(request.values)
    pieces = form.number("quantity", default=1)
    if form.faults or not 1 <= pieces <= queries.MOST_PIECES:
        return None
    return pricing.quote([pricing.Item(sku.id, sku.price, pieces)]).total


@bp.post("/orders")
@needs("company.order")
@corrects(new_order)
def place_order() -> Redirect:
    check_company(request.form.get("company", ""))
    form = Form(request.form)
    sku, quantity = form.text("sku", most=64, required=True), form.number("quantity", default=0)
    idem = form.text("idem", most=64, required=True)
    rest = request.form.get("paid_by") == "rest"
    form.done()
    wanted = service.Wanted([(sku, quantity)], lang(), idem, rest)
    order = service.place(company_id(), wanted, now=clock.now(), by=actor().by)
    return _go_on(order)


def _go_on(order: Order) -> Redirect:
    """Lead to the batch that was bought, or to where the rest of it is paid."""
    number = public("ord", order.id)
    if order.payment is Payment.PENDING:
        return Redirect(here(".payment", order=number))
    return Redirect(here(".batch", order=number), toast=_("Ordered and paid"))
