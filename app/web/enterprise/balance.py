"""The balance of a company: what is there, and all that moved it."""

from flask import request

from app.companies import queries
from app.kit.listing import listed
from app.orders import queries as orders
from app.web.enterprise import bp
from app.web.enterprise.acting import company_id
from app.web.guard import needs
from app.web.render import Page, page


@bp.get("/balance")
@needs("company.balance")
def balance() -> Page:
    found = listed(queries.movements_of(company_id()), request.args)
    return page(
        "enterprise/balance/balance.html",
        fragments={"movements": "enterprise/balance/_movements.html"},
        balance=queries.balance(company_id()),
        listed=found,
        numbers=orders.list_numbers(row.order_id for row in found.page.rows if row.order_id),
    )
