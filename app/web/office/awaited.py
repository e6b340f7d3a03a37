"""What an order still waits for: its money, its codes, its messages, its gifts, whichever comes first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from app.gifting.queries import Given
from app.kit import clock
from app.orders.queries import Order
from app.refunds import queries as refunds
from app.web.office.messages import MessageShown
from app.web.office.shown import Step

Awaited = tuple[datetime | None, str, str]


@dataclass(frozen=True)
class Known:
    """What is known of an order when one asks what comes next."""

    opens_at: datetime | None  # until when some of it is kept closed
    returns_at: datetime | None  # when the money goes back for want of codes
    messages: Sequence[MessageShown]
    gifts: Sequence[Given]


def awaited(found: Order, status: str, known: Known) -> list[Step]:
    """Return what happens next by itself, the soonest first."""
    ways = [*_of_order(found, status, known), *_of_messages(known.messages), *_of_gifts(known.gifts)]
    ahead = [Step(at, name, note, "next") for at, name, note in ways if at is not None and at > clock.now()]
    return sorted(ahead, key=lambda step: step.at)


def _of_order(found: Order, status: str, known: Known) -> Iterator[Awaited]:
    if status == "pending":
        yield found.expires_at, _("Time to pay is over"), ""
    if status == "in_review" and found.paid_at:
        yield found.paid_at + refunds.review_patience(), _("The review ends by itself"), ""
    elif status in ("queued", "partially_delivered"):
        yield known.returns_at, _("The money goes back by itself"), _("unless the missing codes come")
    yield known.opens_at, _("The buyer can open it"), ""


def _of_messages(messages: Sequence[MessageShown]) -> Iterator[Awaited]:
    for message in messages:
        yield message.again_at, _("The buyer is told"), f"{message.about} · {message.channel}"


def _of_gifts(gifts: Sequence[Given]) -> Iterator[Awaited]:
    for given in gifts:
        if given.stands == "waiting":
            yield given.gift.opens_at, _("The gift can be claimed"), given.gift.receiver
            yield given.gift.expires_at, _("Nobody claimed the gift: it is its giver's again"), given.gift.receiver
