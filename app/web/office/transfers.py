"""Bank transfers in the office: what buyers say they sent, the proof, and what somebody saw of it in the bank."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.kit import clock, events
from app.kit.ids import from_public, public
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order, status
from app.payments import queries, service
from app.payments.queries import Attempt, Piece, Telling, TellingState
from app.payments.service import Sight
from app.web.forms import Form
from app.web.guard import actor, client_network, corrects, frame, needs
from app.web.headers import NOWHERE
from app.web.language import here
from app.web.office import bp
from app.web.office.shown import steps
from app.web.render import Page, Redirect, page

MOST = 50
PREFIX, TELLING = "transfer", "telling"
ENDINGS = {"application/pdf": "pdf", "image/webp": "webp"}


@dataclass(frozen=True)
class RowShown:
    """One transfer in the list: of which order, what was due, and what its buyer told."""

    id: UUID
    order: Order
    status: str
    due: Money
    told: Money | None
    at: datetime


@dataclass(frozen=True)
class TellingShown:
    """What a buyer told, and what became of it."""

    telling: Telling
    payer: str
    state: str
    has_proof: bool


@dataclass(frozen=True)
class PieceShown:
    """Money that somebody saw in the bank."""

    piece: Piece
    by: str


@bp.get("/<shop>/transfers")
@needs("payments.match")
def transfers() -> Page | Redirect:
    asked = "".join(request.args.get("q", "").split())[:40]
    if asked and (found := _find(asked)):
        return Redirect(here(".transfer", transfer=public(PREFIX, found.id)))
    told = queries.list_told_transfers(limit=MOST)
    known = queries.list_transfers([one.attempt_id for one in told])
    silent = queries.list_silent_transfers(limit=MOST)
    return page(
        "office/transfers/transfers.html",
        fragments={"transfers": "office/transfers/_transfers.html"},
        told=_rows([(known[one.attempt_id], one) for one in told]),
        silent=_rows([(attempt, None) for attempt in silent]),
        q=asked,
        most=MOST,
    )


@bp.get("/<shop>/transfers/<transfer>")
@needs("payments.match")
def transfer(transfer: str) -> Page:
    found = _transfer(transfer)
    return page(
        "office/transfers/transfer.html",
        secret=True,
        number=transfer,
        **_standing(orders.get(found.order_id)),
        **_told(found.id),
        steps=steps(events.timeline(subject=("transfer", found.id))),
        labels={"amount": _("Amount"), "reference": _("Bank reference"), "reason": _("Reason")},
    )


@bp.post("/<shop>/transfers/<transfer>/confirmation")
@needs("payments.match")
@corrects(transfer)
def confirm_transfer(transfer: str) -> Redirect:
    form = Form(request.form)
    amount = form.money("amount", frame().currency)
    reference = form.text("reference", most=64, required=True)
    note, seen = form.text("note", most=200), form.number("seen", default=0)
    form.done()
    sight = Sight(amount, reference, seen, from_public(TELLING, request.form.get("telling", "")), note)
    missing = service.confirm_transfer(_transfer(transfer).id, sight, now=clock.now(), by=actor().by)
    said = _("Counted; a part is still missing") if missing.minor else _("Counted: the money is there")
    return Redirect(here(".transfer", transfer=transfer), toast=said)


@bp.post("/<shop>/transfers/<transfer>/rejection")
@needs("payments.match")
@corrects(transfer)
def reject_transfer(transfer: str) -> Redirect:
    form = Form(request.form)
    reason = form.text("reason", most=200, required=True)
    form.done()
    telling_id = from_public(TELLING, request.form.get("telling", ""))
    service.reject_transfer(_transfer(transfer).id, telling_id, reason=reason, now=clock.now(), by=actor().by)
    return Redirect(here(".transfer", transfer=transfer), toast=_("Rejected: the buyer sees why"))


@bp.post("/<shop>/transfers/<transfer>/proofs/<telling>")
@needs("payments.match")
def take_transfer_proof(transfer: str, telling: str) -> Response:
    """Give a buyer's proof out as a file, which nothing opens by itself."""
    known: dict[str, Any] = {"network": client_network(), "now": clock.now(), "by": actor().by}
    number = from_public(TELLING, telling)
    found, content = service.take_transfer_proof(_transfer(transfer).id, number, **known)
    response = Response(content, content_type=found.media)
    name = f"transfer-{found.at:%Y%m%d-%H%M%S}.{ENDINGS[found.media]}"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers |= NOWHERE
    return response


def _standing(order: Order) -> dict[str, Any]:
    """Return how an order stands: what is due, what came of it, and the money that waits for the rest."""
    tender, came = orders.find_due(order.id), queries.received_by_transfer(order.id, order.currency)
    counting = queries.list_counting(order.id)
    return {
        "order": order,
        "status": status(order, now=clock.now()),
        "due": tender.due if tender else None,
        "came": came,
        "missing": tender.due - came if tender else None,
        "pieces": _pieces(order.id),
        "notice": counting[-1].id if counting else None,
    }


def _told(transfer_id: UUID) -> dict[str, Any]:
    told = queries.list_tellings(transfer_id)
    waiting = next((one.id for one in told if one.state is TellingState.WAITING), None)
    return {"tellings": [_telling_shown(one) for one in told], "waiting": waiting}


def _transfer(said: str) -> Attempt:
    return queries.get_transfer(from_public(PREFIX, said))


def _find(number: str) -> Attempt | None:
    order_id = orders.list_by_number([number]).get(number)
    return queries.find_transfer(order_id) if order_id else None


def _rows(found: Sequence[tuple[Attempt, Telling | None]]) -> list[RowShown]:
    known = orders.list_by_id([attempt.order_id for attempt, _told in found])
    tenders = orders.list_tenders([attempt.tender_id for attempt, _told in found])
    return [
        RowShown(
            attempt.id,
            known[attempt.order_id],
            status(known[attempt.order_id], now=clock.now()),
            tenders[attempt.tender_id].due,
            told.money if told else None,
            told.at if told else attempt.started_at,
        )
        for attempt, told in found
    ]


def _telling_shown(one: Telling) -> TellingShown:
    state = one.state.name.lower()
    return TellingShown(one, queries.payer_of(one), state, has_proof=state != "replaced")


def _pieces(order_id: UUID) -> list[PieceShown]:
    found = queries.list_pieces([order_id])
    people = accounts.list_emails({piece.seen_by for piece in found if piece.seen_by})
    return [PieceShown(piece, people.get(piece.seen_by, "") if piece.seen_by else "") for piece in found]
