"""Ordering from the balance: the products on sale, for the company."""

import uuid

from flask import request
from flask_babel import gettext as _

from app.balances import queries as balances
from app.catalog import queries as catalog
from app.companies import queries, service
from app.inventory import queries as stock
from app.kit import clock
from app.kit.ids import public
from app.orders.queries import Order, Payment
from app.web.enterprise import bp
from app.web.enterprise.acting import check_company, company_id
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.render import Page, Redirect, page


@bp.get("/orders/new")
@needs("company.order")
def new_order() -> Page:
    offered = catalog.list_skus_for_sale()
    counts, short = stock.stock_of(sku.id for sku in offered), catalog.clearances()
    skus = [sku for sku in offered if counts.get(sku.id) or sku.id not in short]
    titles = catalog.titles([sku.id for sku in skus], lang(), frame().lang)
    return page(
        "enterprise/order.html",
        skus=[(sku, titles[sku.id], counts.get(sku.id, 0)) for sku in skus],
        chosen=request.args.get("sku", ""),
        balance=balances.balance(company_id()),
        most=queries.MOST_PIECES,
        idem=str(uuid.uuid4()),
    )


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
