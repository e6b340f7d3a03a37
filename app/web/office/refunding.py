"""Refunds in the office: choose what of an order is taken back, see what goes back for it, and do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.kit import clock
from app.kit.errors import Denied
from app.kit.ids import from_public
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order, Payment
from app.payments import queries as payments
from app.payments import service as paying
from app.refunds import queries, service
from app.web.forms import Form
from app.web.guard import actor, corrects, needs
from app.web.language import here
from app.web.office import bp
from app.web.render import Page, Redirect, page
from app.web.titles import titles_of

MOST = 100
SEEN = "orders.refund_seen"


@dataclass(frozen=True)
class PieceShown:
    """Something an order's buyer owns, with what goes back for it."""

    item: Entitlement
    title: str
    worth: Money

    @property
    def is_seen(self) -> bool:
        return bool(self.item.reveals or self.item.used)


@dataclass(frozen=True)
class RefundShown:
    """One refund of an order: what it was for, who wanted it, and how far it is."""

    amount: Money
    count: int
    state: str
    at: datetime
    done_at: datetime | None
    by: str
    reason: str
    to_balance: bool
    into: str = ""  # the number of the order that its piece was exchanged for


@bp.get("/<shop>/orders/<order>/refund")
@needs("orders.refund")
def refund_form(order: str) -> Page:
    found = orders.get(from_public("ord", order))
    return page(
        "office/refunds/refund.html",
        fragments={"sum": "office/refunds/_sum.html"},
        secret=True,
        order=found,
        **_choice(found),
        methods=_methods(found),
        may_seen=actor().can(SEEN),
        most=MOST,
        labels={"reason": _("Reason"), "e": _("What is taken back")},
    )


@bp.post("/<shop>/orders/<order>/refunds")
@needs("orders.refund")
@corrects(refund_form)
def refund(order: str) -> Redirect:
    form = Form(request.form)
    reason = form.text("reason", most=200)
    form.done()
    order_id = orders.get(from_public("ord", order)).id
    even_seen = form.fields.get("even_seen") == "1"
    if even_seen and not actor().can(SEEN):
        raise Denied(SEEN)
    wish = service.Wish(order_id, reason, _wanted(), even_seen, form.fields.get("way") == "balance")
    service.take_back(wish, now=clock.now(), by=actor().by)
    return back(_("Refund on its way"))


@bp.post("/<shop>/paybacks/<payback>/by-hand")
@needs("orders.refund")
def give_back_by_hand(payback: str) -> Redirect:
    found = payments.get_payback(from_public("pbk", payback) or UUID(int=0))
    form = Form(request.form)
    note = form.text("note", most=200, required=True)
    form.done()
    paying.give_back_by_hand(found.id, note=note, now=clock.now(), by=actor().by)
    return back(_("Noted as given back"))


def back(said: str) -> Redirect:
    """Lead back to the order the button stood on, or to the list."""
    order = from_public("ord", request.form.get("order", ""))
    return Redirect(here(".order", order=request.form["order"]) if order else here(".exceptions"), toast=said)


def _choice(found: Order) -> dict[str, Any]:
    """Return what there is to choose from, what is chosen, and what goes back for it."""
    owned = [item for item in entitled.list_of_order(found.id) if item.state is not State.REVOKED]
    chosen = _chosen(owned)
    return {
        "open": found.payment in (Payment.PAID, Payment.PARTIALLY_REFUNDED),
        "pieces": _pieces(found, owned[:MOST]),
        "count": len(owned),
        "chosen": {item.id for item in chosen},
        "foreseen": queries.foresee(found, chosen),
    }


def _is_chosen_few() -> bool:
    return request.values.get("which") == "chosen"


def _wanted() -> list[UUID] | None:
    """Return the entitlements that were ticked, or None for all that is left."""
    if not _is_chosen_few():
        return None
    return [from_public("ent", text) or UUID(int=0) for text in request.form.getlist("e")]


def _chosen(owned: Sequence[Entitlement]) -> list[Entitlement]:
    if not _is_chosen_few():
        return list(owned)
    ticked = {from_public("ent", text) for text in request.values.getlist("e")}
    return [item for item in owned if item.id in ticked]


def _pieces(found: Order, owned: Sequence[Entitlement]) -> list[PieceShown]:
    titles = titles_of(found, {item.sku_id for item in owned})
    prices = queries.prices(found.id, {item.id: (item.part_id, item.slot) for item in owned})
    return [PieceShown(item, titles.get(item.sku_id, ""), Money(prices[item.id], found.currency)) for item in owned]


def _methods(found: Order) -> list[str]:
    """Return the gateways that an order was paid through."""
    tenders = orders.list_tenders_of(found.id)
    methods = payments.list_methods_by_id(tender.method_id for tender in tenders if tender.method_id)
    return sorted({method.provider for method in methods.values()})


def refunds_shown(order_id: UUID) -> list[RefundShown]:
    """Return the refunds of an order, the oldest first."""
    rows = queries.list_of_order(order_id)
    parts = queries.list_parts_of([row.id for row in rows])
    numbers = orders.list_numbers(row.into_id for row in rows if row.into_id)
    people = accounts.list_emails({row.actor_id for row in rows if row.actor_id and row.actor_type == "user"})
    return [
        RefundShown(
            row.money,
            len(parts[row.id]),
            row.state.name.lower(),
            row.created_at,
            row.done_at,
            people.get(row.actor_id, "") if row.actor_id else "",
            row.reason,
            row.to_balance,
            numbers.get(row.into_id, "") if row.into_id else "",
        )
        for row in rows
    ]
