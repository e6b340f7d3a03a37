"""What did not go by itself: paid and owed, refused, stuck, unanswered; each with the one thing to do about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.delivery import queries as delivery
from app.entitlements import queries as entitled
from app.kit import clock, db, effects
from app.kit.errors import NotFound, words
from app.kit.ids import from_public
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order, Tender, TenderState
from app.payments import queries as payments
from app.payments import service as paying
from app.payments.queries import Notice, NoticeState
from app.refunds import queries as refunding
from app.web.guard import actor, corrects, frame, needs, unit
from app.web.language import here
from app.web.office import bp
from app.web.office.messages import messages_shown
from app.web.office.moneyed import NoticeShown, notice_shown, payback_shown
from app.web.office.refunding import back
from app.web.render import Page, Redirect, page

MOST = 50
# The kinds of exceptions, each with its tab; those of `NOTICES` are in one list.
KINDS: Mapping[str, str] = {
    "owed": words("Codes outstanding"),
    "stuck": words("Not given back"),
    "amount": words("Wrong amount"),
    "unmatched": words("Unmatched money"),
    "unconfirmed": words("Not confirmed"),
    "refused": words("Not believed"),
    "silent": words("Silent gateways"),
    "messages": words("Not told"),
    "under_way": words("On its way back"),
}
ANSWERS: Mapping[NoticeState, tuple[str, str]] = {
    NoticeState.HEARD: (words("The gateway knows of this payment now, so it counts."), "ok"),
    NoticeState.REFUSED: (words("The gateway still knows of no such payment; nothing has changed."), "info"),
}
ASKED_ON = (
    words("The gateway has not answered yet. It will be asked again; unless it knows of the payment, this comes back."),
    "info",
)
WAIT = 5.0  # seconds somebody waits for a gateway
NOTICES = ("amount", "unmatched", "unconfirmed", "refused")


@dataclass(frozen=True)
class OwedShown:
    """A paid order that waits for codes."""

    order: Order
    until: datetime | None  # when the shop's policy gives the money back; never once a code was seen


@dataclass(frozen=True)
class RefusedShown:
    """A refused notice, what it was taken for, and the order it spoke of, if it is one of ours."""

    id: UUID
    is_misfit: bool
    kind: str
    notice: NoticeShown
    order_id: UUID | None
    due: Money | None  # what was due in its stead
    is_due: bool  # and still is


@bp.get("/<shop>/exceptions")
@needs("orders.view")
def exceptions() -> Page:
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    silent = payments.list_silent_attempts(limit=MOST)
    found = _lists() | {"silent": list(silent.values())}
    return page(
        "office/exceptions/exceptions.html",
        fragments={"exceptions": "office/exceptions/_exceptions.html"},
        **_rows({name: rows for name, rows in found.items() if kind in ("", name)}),
        silent=silent if kind in ("", "silent") else {},
        tabs=_tabs({name: len(found[name]) for name in KINDS}),
        kind=kind,
        most=MOST,
    )


def _rows(shown: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Return the rows of the kinds that are shown, as the page shows them, with the numbers of their orders."""
    about = {row.order_id for name, rows in shown.items() if name != "owed" for row in rows if row.order_id}
    return {
        "owed": shown.get("owed", ()),
        "notices": [row for name in NOTICES for row in shown.get(name, ())],
        "stuck": [payback_shown(row) for row in shown.get("stuck", ())],
        "under_way": [payback_shown(row) for row in shown.get("under_way", ())],
        "messages": messages_shown(shown.get("messages", ())),
        "numbers": orders.list_numbers(about),
    }


def _lists() -> dict[str, Sequence[Any]]:
    notices = _refused(payments.list_refused_notices(limit=MOST))
    by_kind = {name: [row for row in notices if row.kind == name] for name in NOTICES}
    return {
        **by_kind,
        "owed": _owed(),
        "stuck": payments.list_stuck_paybacks(limit=MOST),
        "messages": delivery.list_stuck(MOST),
        "under_way": payments.list_paybacks_under_way(limit=MOST),
    }


def _tabs(counts: Mapping[str, int]) -> list[tuple[str, str, str]]:
    """Return of each kind that there is any of: key, name, and how many."""
    some = [(name, gettext(KINDS[name]), count) for name, count in counts.items() if count]
    return [(name, said, f"{count}+" if count >= MOST else f"{count}") for name, said, count in some]


def _owed() -> list[OwedShown]:
    owed = orders.list_owed(before=clock.now(), limit=MOST)
    seen = entitled.list_seen([order.id for order in owed])
    closed = entitled.list_closed(order.id for order in owed)  # nothing is missing: they open at their time
    late = [order for order in owed if order.id not in closed]
    return [OwedShown(order, refunding.returns_at(order, is_seen=order.id in seen)) for order in late]


def _refused(notices: Iterable[Notice]) -> list[RefusedShown]:
    rows = list(notices)
    tenders = orders.list_tenders([notice.tender_id for notice in rows if notice.tender_id])
    return [_refused_shown(row, tenders.get(row.tender_id) if row.tender_id else None) for row in rows]


def _refused_shown(row: Notice, tender: Tender | None) -> RefusedShown:
    return RefusedShown(
        id=row.id,
        is_misfit=row.is_misfit,
        kind=_kind(row),
        notice=notice_shown(row),
        order_id=tender.order_id if tender else None,
        due=tender.due if tender else None,
        is_due=tender is not None and tender.state is TenderState.DUE,
    )


def _kind(row: Notice) -> str:
    if row.reason == "not confirmed":
        return "unconfirmed"
    if not row.is_misfit:
        return "refused"
    return "amount" if row.reason in ("wrong amount", "wrong currency") else "unmatched"


def refused_notice(said: str) -> RefusedShown:
    """Return a notice as the list of exceptions shows it, or refuse with NotFound."""
    return _refused([payments.get_notice(_id("ntc", said))])[0]


@bp.post("/<shop>/notices/<notice>/payback")
@needs("orders.refund")
def send_back(notice: str) -> Redirect:
    paying.send_back_misfit(_id("ntc", notice), now=clock.now(), by=actor().by)
    return back(gettext("Money on its way back"))


@bp.post("/<shop>/notices/<notice>/dismissal")
@needs("orders.refund")
def dismiss(notice: str) -> Redirect:
    paying.dismiss(_id("ntc", notice), now=clock.now(), by=actor().by)
    return back(gettext("Taken off the list"))


@bp.post("/<shop>/notices/<notice>/question")
@needs("orders.refund")
@unit(None)
@corrects(lambda notice: exceptions())
def ask_about_notice(notice: str) -> Redirect:
    """Ask the gateway about a notice it did not confirm, and say in one sentence what it knows now."""
    merchant, number = frame().merchant_id, _id("ntc", notice)
    asked = db.write(merchant, lambda: paying.ask_unconfirmed(number, now=clock.now(), by=actor().by))
    effects.perform(merchant, [asked], within=WAIT)
    found = db.read(merchant, lambda: payments.get_notice(number))
    said, tone = ANSWERS.get(found.state, ASKED_ON)
    return Redirect(here(".exceptions"), toast=gettext(said), tone=tone)


@bp.post("/<shop>/paybacks/<payback>/retry")
@needs("orders.refund")
def retry(payback: str) -> Redirect:
    paying.retry_payback(_id("pbk", payback), now=clock.now(), by=actor().by)
    return back(gettext("Asking again"))


@bp.post("/<shop>/effects/<effect>/retry")
@needs("orders.refund")
def ask_again(effect: str) -> Redirect:
    paying.ask_again(_id("eff", effect), now=clock.now())
    return back(gettext("Asking again"))


def _id(prefix: str, text: str) -> UUID:
    number = from_public(prefix, text)
    if number is None:
        raise NotFound
    return number
