"""Orders in review: paid, not delivered, and why; released or refunded by one tap, or several at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.entitlements import service as entitlements
from app.kit import clock
from app.kit.errors import Refusal, words
from app.kit.ids import from_public
from app.orders import queries
from app.orders.queries import Order
from app.refunds import queries as refunding
from app.refunds import service as refunds
from app.risk import queries as fences
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.fence_words import CatchShown, catches_shown
from app.web.render import Page, Redirect, page

MOST = 100


class NoneChosen(Refusal):
    kind = "invalid"
    message = words("Choose at least one order.")


class NothingWaits(Refusal):
    message = words("None of these orders waits for a decision any more.")
    mend = words("Somebody else has decided, or time ran out.")


@dataclass(frozen=True)
class ReviewShown:
    """A paid order that waits for a decision, why, and until when."""

    order: Order
    title: str
    why: Sequence[CatchShown]
    until: datetime


@bp.get("/<shop>/reviews")
@needs("orders.review")
def reviews() -> Page:
    found = queries.list_in_review(limit=MOST)
    caught, patience = fences.list_caught(order.id for order in found), refunding.review_patience()
    return page(
        "office/reviews/reviews.html",
        fragments={"reviews": "office/reviews/_reviews.html"},
        rows=[
            ReviewShown(order, _title(order), _why(caught.get(order.id, [])), _since(order) + patience)
            for order in found
        ],
        chosen=set(request.form.getlist("order")),
        releases=fences.policy().releases,
        most=MOST,
    )


@bp.post("/<shop>/reviews/release")
@needs("orders.review")
@corrects(reviews)
def release_reviews() -> Redirect:
    released = entitlements.release(_chosen(), now=clock.now(), by=actor().by)
    if not released:
        raise NothingWaits
    said = ngettext("%(num)s order released", "%(num)s orders released", len(released))
    return Redirect(_back(), toast=said)


@bp.post("/<shop>/reviews/refund")
@needs("orders.refund")
@corrects(reviews)
def decline_reviews() -> Redirect:
    form, chosen = Form(request.form), _chosen()
    reason = form.text("reason", most=200, required=True)
    form.done()
    for order_id in sorted(chosen):
        refunds.decline(order_id, reason=reason, now=clock.now(), by=actor().by)
    return Redirect(_back(), toast=_("Refund on its way"))


@bp.post("/<shop>/orders/<order>/opening")
@needs("orders.review")
def open_early(order: str) -> Redirect:
    """Hand over now what would open later."""
    found = queries.get(from_public("ord", order))
    entitlements.open_early(found.id, now=clock.now(), by=actor().by)
    return Redirect(here(".order", order=order), toast=_("Handed over"))


def _chosen() -> list[UUID]:
    ids = {from_public("ord", text) for text in request.form.getlist("order")}
    if not (chosen := [order_id for order_id in ids if order_id]):
        raise NoneChosen
    return chosen[:MOST]


def _back() -> str:
    """Return the order the button stood on, or the list."""
    number = request.form.get("back", "")
    return here(".order", order=number) if from_public("ord", number) else here(".reviews")


def _since(order: Order) -> datetime:
    return order.paid_at or order.placed_at


def _title(order: Order) -> str:
    return " · ".join(f"{line.title} × {line.quantity}" for line in order.lines)


def _why(caught: Sequence[fences.Catch]) -> list[CatchShown]:
    """Return why an order waits: what bites, and beside it what was only watched."""
    return catches_shown(caught, frame().currency)
