"""Finding a code by what somebody has in hand: the code itself, its last letters, an order, a contact.

The whole code is typed into a form that is posted, so that it stands in no address; what leads on is an id or a mark.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from sqlalchemy import Select

from app.entitlements import queries as entitled
from app.inventory import queries
from app.inventory.queries import Typed
from app.kit.ids import from_public, public
from app.kit.listing import Listing
from app.kit.secret import Secret
from app.orders import queries as orders
from app.web.forms import Form
from app.web.guard import needs
from app.web.language import here
from app.web.office import bp
from app.web.render import Redirect

TAIL = 4
MOST_ORDERS = 20


def _of_order(query: Select[Any], said: str) -> Select[Any]:
    number = from_public("ord", said)
    return _of_orders(query, [number] if number else [])


def _of_contact(query: Select[Any], said: str) -> Select[Any]:
    try:
        index = bytes.fromhex(said)
    except ValueError:
        index = b""
    return _of_orders(query, [order.id for order in orders.list_of_contact(index, MOST_ORDERS)] if index else [])


def _of_orders(query: Select[Any], order_ids: list[UUID]) -> Select[Any]:
    owned = [row.id for number in order_ids for row in entitled.list_of_order(number)]
    return queries.of_entitlements(query, owned)


CODES: Listing = replace(queries.CODES, filters={**queries.CODES.filters, "order": _of_order, "contact": _of_contact})


@bp.post("/<shop>/codes/find")
@needs("codes.find")
def find_code() -> Redirect:
    form = Form(request.form)
    said = form.text("q", most=500)
    return _found(said) if said else Redirect(here(".codes"))


def _found(said: str) -> Redirect:
    standing = queries.list_typed([Typed(Secret(said))])[0]
    if standing is not None:
        return Redirect(here(".code", code=public("cod", standing.code_id)))
    number = orders.list_by_number(["".join(said.split())]).values()
    if number:
        return Redirect(here(".codes", order=public("ord", next(iter(number)))))
    if len(said) == TAIL:
        return Redirect(here(".codes", tail=said))
    mark = orders.mark_of(said)
    if orders.list_of_contact(bytes.fromhex(mark), 1):
        return Redirect(here(".codes", contact=mark))
    return Redirect(here(".codes"), toast=_("No code, order or contact in this shop matches."), tone="bad")
