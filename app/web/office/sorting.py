"""Money that came and was not what was due: somebody says what it is for."""

from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.kit import clock
from app.kit.errors import Invalid, NotFound, Refusal, words
from app.kit.ids import from_public, public
from app.orders import queries as orders
from app.payments import queries as payments
from app.payments import service as paying
from app.web.forms import Form
from app.web.guard import actor, corrects, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.exceptions import refused_notice
from app.web.render import Page, Redirect, page

CANDIDATES = 10


class NoSuchOrder(Refusal):
    kind = "invalid"
    message = words("No order of the shop has this number.")


@bp.get("/<shop>/exceptions/<notice>")
@needs("orders.view")
def notice(notice: str) -> Page:
    item = refused_notice(notice)
    row = payments.get_notice(item.id)
    open_ = item.is_misfit and row.cleared_at is None
    fitting = orders.list_waiting_for(item.notice.amount, limit=CANDIDATES) if open_ and item.notice.amount else ()
    return page(
        "office/exceptions/notice.html",
        item=item,
        open=open_,
        number=notice,
        order_numbers=orders.list_numbers([item.order_id] if item.order_id else []),
        fitting=fitting,
        may=actor().can("orders.refund"),
        labels={"order_number": _("Order number"), "reason": _("Reason")},
    )


@bp.post("/<shop>/notices/<notice>/match")
@needs("orders.refund")
@corrects(notice)
def match_notice(notice: str) -> Redirect:
    form = Form(request.form)
    typed = "".join(form.text("order_number", most=40, required=True).split())
    form.done()
    order_id = orders.list_by_number([typed]).get(typed)
    if order_id is None:
        raise Invalid({"order_number": NoSuchOrder()})
    paying.match(_id(notice), order_id, reason="", now=clock.now(), by=actor().by)
    return _to(order_id, _("The money pays this order now"))


@bp.post("/<shop>/notices/<notice>/acceptance")
@needs("orders.refund")
@corrects(notice)
def accept_notice(notice: str) -> Redirect:
    form = Form(request.form)
    reason = form.text("reason", most=200, required=True)
    form.done()
    paying.accept_short(_id(notice), reason=reason, now=clock.now(), by=actor().by)
    order_id = refused_notice(notice).order_id
    return _to(order_id, _("Accepted as full payment")) if order_id else Redirect(here(".exceptions"))


def _to(order_id: UUID, said: str) -> Redirect:
    return Redirect(here(".order", order=public("ord", order_id)), toast=said)


def _id(said: str) -> UUID:
    number = from_public("ntc", said)
    if number is None:
        raise NotFound
    return number
