"""The balance of a company: what is there, and all that moved it."""

from flask import request

from app.balances import queries as balances
from app.balances.queries import MovementKind
from app.companies import queries
from app.kit.listing import listed
from app.orders import queries as orders
from app.web.cashier import titles_of_ways
from app.web.enterprise import bp
from app.web.enterprise.acting import company_id
from app.web.guard import needs
from app.web.render import Page, page


@bp.get("/balance")
@needs("company.balance")
def balance() -> Page:
    found = listed(balances.movements_of(company_id()), request.args)
    about = [row for row in found.page.rows if row.order_id]
    moving = orders.list_by_id(row.order_id for row in about if row.order_id)
    return page(
        "enterprise/balance/balance.html",
        fragments={"movements": "enterprise/balance/_movements.html"},
        balance=balances.balance(company_id()),
        listed=found,
        numbers={number: order.number for number, order in moving.items()},
        batches={number for number, order in moving.items() if queries.is_batch(order)},
        ways=titles_of_ways([row.order_id for row in about if row.kind is MovementKind.TOP_UP]),
    )
