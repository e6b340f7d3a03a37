"""Disputes in the office: that a buyer's bank took a payment back, and how that ended, as the gateway told."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext

from app.kit.errors import words
from app.orders import queries as orders
from app.payments import queries as payments
from app.payments.queries import Notice
from app.web.office.shown import Step

TOLD = {  # of each reason of a notice: its words, and their tone
    "disputed": (words("Payment disputed by the buyer's bank"), "bad"),
    "dispute won": (words("Dispute won, the money stays"), "ok"),
    "dispute lost": (words("Dispute lost, the money is gone"), "bad"),
    "dispute over": (words("Dispute over"), "info"),
}


@dataclass(frozen=True)
class DisputeShown:
    """What the gateway told last of a dispute, and what is to be done about it."""

    name: str
    note: str
    tone: str


def list_told(order_id: UUID) -> list[Notice]:
    """List what gateways told of disputes about the payments of an order, the oldest first."""
    return list(payments.list_disputes([tender.id for tender in orders.list_tenders_of(order_id)]))


def among(steps: Sequence[Step], told: list[Notice]) -> list[Step]:
    """Return steps with what was told between them, the oldest first."""
    own = [Step(row.at, gettext(TOLD[row.reason][0]), row.reported_no, TOLD[row.reason][1]) for row in told]
    return sorted([*steps, *own], key=lambda step: step.at)


def dispute_shown(told: list[Notice]) -> DisputeShown | None:
    """Return how the dispute stands, or None when there is none."""
    if not told:
        return None
    last = told[-1]
    if last.reason != "disputed":
        note = gettext("The gateway has told how it ended.")
    elif last.cleared_at:
        note = gettext("Somebody of the shop has seen to it; the gateway has not told yet how it ended.")
    else:
        note = gettext("Answer it at the gateway in time: below stands when the code was delivered, opened and used.")
    name, tone = TOLD[last.reason]
    return DisputeShown(gettext(name), note, tone)
