"""Top-ups in the office: sending one back the way it was paid."""

from flask import request
from flask_babel import gettext as _

from app.balances import service
from app.kit import clock
from app.kit.ids import from_public
from app.orders import queries as orders
from app.web.forms import Form
from app.web.guard import actor, corrects, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.orders import order as order_page
from app.web.render import Redirect


@bp.post("/<shop>/orders/<order>/top-up-refunds")
@needs("orders.refund")
@corrects(order_page)
def send_top_up_back(order: str) -> Redirect:
    found, form = orders.get(from_public("ord", order)), Form(request.form)
    money, reason = form.money("amount", found.currency), form.text("reason", most=120, required=True)
    key = form.text("idem", most=64, required=True)
    form.done()
    service.send_top_up_back(found.id, money, reason, key=key, now=clock.now(), by=actor().by)
    return Redirect(here(".order", order=order), toast=_("Refund on its way"))
