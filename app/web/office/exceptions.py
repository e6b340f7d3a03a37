"""What did not go by itself: paid and owed, refused, stuck, unanswered; each with the one thing to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.delivery import queries as delivery
from app.entitlements import queries as entitled
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.orders import queries as orders
from app.orders.queries import Order
from app.payments import queries as payments
from app.payments import service as paying
from app.refunds import queries as refunding
from app.refunds import service as refunds
from app.web.forms import Form
from app.web.guard import actor, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.messages import messages_shown
from app.web.office.shown import NoticeShown, notice_shown, payback_shown
from app.web.render import Page, Redirect, page

MOST = 50


@dataclass(frozen=True)
class OwedShown:
    """A paid order that waits for codes."""

    order: Order
    until: datetime | None  # when the shop's policy gives the money back; never once a code was seen


@dataclass(frozen=True)
class RefusedShown:
    """A refused notice, and the order it spoke of, if it is one of ours."""

    id: UUID
    is_misfit: bool
    notice: NoticeShown
    order_id: UUID | None


@bp.get("/<shop>/exceptions")
@needs("orders.view")
def exceptions() -> Page:
    notices, silent, untold = _notices(), payments.list_silent_attempts(limit=MOST), delivery.list_stuck(MOST)
    stuck, under_way = payments.list_stuck_paybacks(limit=MOST), payments.list_paybacks_under_way(limit=MOST)
    return page(
        "office/exceptions/exceptions.html",
        fragments={"exceptions": "office/exceptions/_exceptions.html"},
        owed=_owed(),
        notices=notices,
        stuck=list(map(payback_shown, stuck)),
        under_way=list(map(payback_shown, under_way)),
        silent=silent,
        messages=messages_shown(untold),
        numbers=orders.list_numbers(_orders_of(notices, silent.values(), stuck, under_way, untold)),
        most=MOST,
    )


def _orders_of(*lists: Iterable[Any]) -> set[UUID]:
    """Return the orders that rows of several kinds speak of."""
    return {row.order_id for rows in lists for row in rows if row.order_id}


def _owed() -> list[OwedShown]:
    owed = orders.list_owed(before=clock.now(), limit=MOST)
    seen = entitled.list_seen([order.id for order in owed])
    return [OwedShown(order, refunding.returns_at(order, is_seen=order.id in seen)) for order in owed]


def _notices() -> list[RefusedShown]:
    notices = payments.list_refused_notices(limit=MOST)
    tenders = orders.list_tenders([notice.tender_id for notice in notices if notice.tender_id])
    return [
        RefusedShown(
            row.id,
            row.is_misfit,
            notice_shown(row),
            tenders[row.tender_id].order_id if row.tender_id in tenders else None,
        )
        for row in notices
    ]


@bp.post("/<shop>/orders/<order>/refunds")
@needs("orders.refund")
def refund(order: str) -> Redirect:
    form = Form(request.form)
    reason = form.text("reason", most=200)
    form.done()
    order_id = orders.get(from_public("ord", order)).id
    refunds.refund(order_id, reason=reason, now=clock.now(), by=actor().by)
    return _back(gettext("Refund on its way"))


@bp.post("/<shop>/notices/<notice>/payback")
@needs("orders.refund")
def send_back(notice: str) -> Redirect:
    paying.send_back_misfit(_id("ntc", notice), now=clock.now(), by=actor().by)
    return _back(gettext("Money on its way back"))


@bp.post("/<shop>/notices/<notice>/dismissal")
@needs("orders.refund")
def dismiss(notice: str) -> Redirect:
    paying.dismiss(_id("ntc", notice), now=clock.now(), by=actor().by)
    return _back(gettext("Taken off the list"))


@bp.post("/<shop>/paybacks/<payback>/retry")
@needs("orders.refund")
def retry(payback: str) -> Redirect:
    paying.retry_payback(_id("pbk", payback), now=clock.now(), by=actor().by)
    return _back(gettext("Asking again"))


@bp.post("/<shop>/effects/<effect>/retry")
@needs("orders.refund")
def ask_again(effect: str) -> Redirect:
    paying.ask_again(_id("eff", effect), now=clock.now())
    return _back(gettext("Asking again"))


def _id(prefix: str, text: str) -> UUID:
    number = from_public(prefix, text)
    if number is None:
        raise NotFound
    return number


def _back(said: str) -> Redirect:
    """Lead back to the order the button stood on, or to the list."""
    order = from_public("ord", request.form.get("order", ""))
    return Redirect(here(".order", order=request.form["order"]) if order else here(".exceptions"), toast=said)
