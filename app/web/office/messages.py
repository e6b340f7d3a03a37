"""What buyers were told: the list, how well that went, what did not leave, and telling somebody once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.delivery import queries
from app.delivery import service as delivery
from app.delivery.queries import Channel, Delivery, State
from app.kit import clock, effects
from app.kit.ids import from_public
from app.kit.listing import listed
from app.orders import queries as orders
from app.web.channels import channel_words
from app.web.guard import actor, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.pace import figures_shown
from app.web.office.reasons import reason_words
from app.web.office.shown import ABOUT, about_words
from app.web.render import Page, Redirect, page

BADGES = {State.QUEUED: "sending", State.DELIVERED: "arrived"}


@dataclass(frozen=True)
class MessageShown:
    """One message to a buyer; `state` is the word of its badge."""

    id: UUID
    order_id: UUID
    about: str
    channel: str
    to: str
    state: str
    note: str
    at: datetime
    attempts: int  # so far
    again_at: datetime | None  # when it is tried next
    others: list[tuple[str, str]]  # channels by which it could be told instead

    @property
    def is_stuck(self) -> bool:
        return self.state in ("failed", "unknown")


def messages_shown(rows: Sequence[Delivery]) -> list[MessageShown]:
    """Return messages as the people of the shop read them."""
    calls = effects.list_of(row.id for row in rows)
    others = delivery.other_ways([row for row in rows if row.state in (State.FAILED, State.UNKNOWN)])
    return [_shown(row, calls[row.id], [way.channel for way in others.get(row.id, ())]) for row in rows]


def _shown(row: Delivery, calls: Sequence[effects.Effect], others: Sequence[Channel]) -> MessageShown:
    waits = calls[-1].due_at if calls and row.state is State.QUEUED else None
    return MessageShown(
        row.id,
        row.order_id,
        about_words(row.about.name.lower()),
        channel_words(row.channel),
        row.to_mask,
        BADGES.get(row.state, row.state.name.lower()),
        reason_words(row.note),
        row.arrived_at or row.sent_at or row.created_at,
        sum(call.attempts for call in calls),
        waits if waits and waits > clock.now() else None,
        [(channel.name.lower(), channel_words(channel)) for channel in others],
    )


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
        abouts=[(about, gettext(said)) for about, said in ABOUT.items()],
        channels=[(channel.name.lower(), channel_words(channel)) for channel in queries.CHANNELS],
        stuck=queries.count_stuck_among(found.filters),
        figures=figures_shown(clock.now()),
    )


@bp.post("/<shop>/messages/<message>/again")
@needs("messages.send")
def send_again(message: str) -> Redirect:
    delivery.send_again(from_public("msg", message), now=clock.now(), by=actor().by)
    return _back(gettext("Message on its way"))


@bp.post("/<shop>/messages/<message>/other")
@needs("messages.send")
def send_by_other(message: str) -> Redirect:
    name = request.form.get("channel", "").upper()
    channel = Channel[name] if name in Channel.__members__ else Channel.EMAIL
    delivery.send_by(from_public("msg", message), channel, now=clock.now(), by=actor().by)
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
