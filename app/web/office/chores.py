"""The worklist: what was paid and is delivered by hand; taken on, done, or given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.catalog import queries as catalog
from app.entitlements import queries, service
from app.entitlements.queries import Chore
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.orders import queries as orders
from app.refunds import service as refunds
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.office import bp
from app.web.render import Page, Redirect, page

MOST = 100


@dataclass(frozen=True)
class ChoreShown:
    """Something to be delivered by hand."""

    id: UUID
    order_id: UUID
    number: str
    title: str
    asked_at: datetime
    taken_by: str
    taken_at: datetime | None
    mine: bool


@bp.get("/<shop>/worklist")
@needs("orders.fulfil")
def chores() -> Page:
    rows = queries.list_chores(limit=MOST)
    return page(
        "office/chores/chores.html",
        fragments={"chores": "office/chores/_chores.html"},
        chores=_shown(rows),
        most=MOST,
    )


@bp.get("/<shop>/worklist/<chore>")
@needs("orders.fulfil")
def chore(chore: str) -> Page:
    found = _find(chore)
    return page(
        "office/chores/chore.html",
        secret=True,
        chore=_shown([found])[0],
        order=orders.get(found.order_id),
        fields=catalog.list_skus_by_id([found.sku_id])[found.sku_id].kind.fields,
        contact=orders.contact_of(orders.get(found.order_id)),
    )


@bp.post("/<shop>/worklist/<chore>/take")
@needs("orders.fulfil")
def take_chore(chore: str) -> Redirect:
    service.take_chore(_find(chore).entitlement_id, now=clock.now(), by=actor().by)
    return Redirect(here(".chore", chore=chore), toast=_("It is yours"))


@bp.post("/<shop>/worklist/<chore>/leave")
@needs("orders.fulfil")
def leave_chore(chore: str) -> Redirect:
    service.leave_chore(_find(chore).entitlement_id, now=clock.now(), by=actor().by)
    return Redirect(here(".chores"), toast=_("Back on the list"))


@bp.post("/<shop>/worklist/<chore>/result")
@needs("orders.fulfil")
@corrects(chore)
def finish_chore(chore: str) -> Redirect:
    found, form = _find(chore), Form(request.form)
    values = {name: form.fields.get(name, "") for name in ("code", "number", "pin", "account", "password", "link")}
    service.finish_chore(found.entitlement_id, values, now=clock.now(), by=actor().by)
    return Redirect(here(".chores"), toast=_("Delivered"))


@bp.post("/<shop>/worklist/<chore>/giving-up")
@needs("orders.refund")
@corrects(chore)
def give_up_chore(chore: str) -> Redirect:
    found, form = _find(chore), Form(request.form)
    reason = form.text("reason", most=200, required=True)
    form.done()
    refunds.refund(found.order_id, reason=reason, now=clock.now(), by=actor().by)
    return Redirect(here(".order", order=public("ord", found.order_id)), toast=_("Refund on its way"))


def _find(chore: str) -> Chore:
    found = queries.get_chore(from_public("ent", chore))
    if found.done_at is not None:
        raise NotFound
    return found


def _shown(rows: Sequence[Chore]) -> list[ChoreShown]:
    titles = catalog.titles({row.sku_id for row in rows}, lang(), frame().lang)
    numbers = orders.list_numbers({row.order_id for row in rows})
    people = accounts.list_emails({row.taken_by for row in rows if row.taken_by})
    return [
        ChoreShown(
            row.entitlement_id,
            row.order_id,
            numbers.get(row.order_id, ""),
            titles.get(row.sku_id, ""),
            row.asked_at,
            people.get(row.taken_by, "?") if row.taken_by else "",
            row.taken_at,
            row.taken_by is not None and row.taken_by == actor().by.id,
        )
        for row in rows
    ]
