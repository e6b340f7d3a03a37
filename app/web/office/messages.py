"""What buyers were told: the list, what did not leave, and telling somebody once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.delivery import queries
from app.delivery import service as delivery
from app.delivery.queries import Delivery
from app.kit import clock
from app.kit.ids import from_public
from app.kit.listing import listed
from app.orders import queries as orders
from app.web.guard import actor, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.shown import about_words
from app.web.render import Page, Redirect, page


@dataclass(frozen=True)
class MessageShown:
    """One message to a buyer; `state` is the word of its badge."""

    id: UUID
    order_id: UUID
    about: str
    to: str
    state: str
    note: str
    at: datetime

    @property
    def is_stuck(self) -> bool:
        return self.state in ("failed", "unknown")


def messages_shown(rows: Sequence[Delivery]) -> list[MessageShown]:
    """Return messages as the people of the shop read them."""
    return [
        MessageShown(
            row.id,
            row.order_id,
            about_words(row.about.name.lower()),
            row.to_mask,
            "promised" if row.state is queries.State.QUEUED else row.state.name.lower(),
            row.note,
            row.sent_at or row.created_at,
        )
        for row in rows
    ]


@bp.get("/<shop>/messages")
@needs("orders.view")
def messages() -> Page:
    found = listed(queries.MESSAGES, request.args)
    return page(
        "office/messages/messages.html",
        fragments={"messages": "office/messages/_messages.html"},
        listed=found,
        rows=messages_shown(found.page.rows),
        numbers=orders.list_numbers(row.order_id for row in found.page.rows),
        states=["", *queries.STATES],
    )


@bp.post("/<shop>/messages/<message>/again")
@needs("messages.send")
def send_again(message: str) -> Redirect:
    delivery.send_again(from_public("msg", message), now=clock.now(), by=actor().by)
    return _back(gettext("Message on its way"))


@bp.post("/<shop>/messages/<message>/dismissal")
@needs("messages.send")
def dismiss_message(message: str) -> Redirect:
    delivery.drop(from_public("msg", message), now=clock.now(), by=actor().by)
    return _back(gettext("Taken off the list"))


@bp.post("/<shop>/orders/<order>/messages")
@needs("messages.send")
def send_link(order: str) -> Redirect:
    found = orders.get(from_public("ord", order))
    delivery.send_link_again(found.id, now=clock.now(), by=actor().by)
    return Redirect(here(".order", order=order), toast=gettext("Message on its way"))


def _back(said: str) -> Redirect:
    """Lead back to where the button stood: an order, the exceptions, or the list."""
    order = from_public("ord", request.form.get("order", ""))
    if order:
        return Redirect(here(".order", order=request.form["order"]), toast=said)
    return Redirect(here(".exceptions" if request.form.get("from") == "exceptions" else ".messages"), toast=said)
