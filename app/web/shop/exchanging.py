"""Exchanging: the owner of a piece that nobody has looked at sees what it may become, with the difference."""

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.exchanges import queries, service
from app.exchanges.errors import NoSuchTarget
from app.exchanges.queries import Option
from app.kit import clock
from app.kit.errors import Invalid, NotFound
from app.kit.events import By
from app.kit.ids import from_public
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.guard import corrects, frame, public_network
from app.web.language import here, lang, money, whereabouts
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.me.present import present_member
from app.web.shop.placing import read_token, token_of
from app.web.shop.proof import is_mine, present_device
from app.web.titles import titles_of


@dataclass(frozen=True)
class Piece:
    """Something that its proven owner asks about."""

    order: Order
    owned: Entitlement


@bp.get("/o/<token>/exchanges/<entitlement>")
def exchange(token: str, entitlement: str) -> Page | Redirect:
    """Show what a piece may become; who has not proved to own it is led to its order."""
    piece, back = _piece(token, entitlement), here(".order", token=token)
    if piece is None:
        return Redirect(back)
    return page(
        "shop/exchange/exchange.html",
        fragments={"exchange": "shop/exchange/_exchange.html"},
        secret=True,
        **_shown(piece),
        back=back,
        **whereabouts(here(".exchange", token=token, entitlement=entitlement)),
    )


@bp.post("/o/<token>/exchanges/<entitlement>")
@corrects(exchange)
def make_exchange(token: str, entitlement: str) -> Redirect:
    piece = _piece(token, entitlement)
    if piece is None:
        return Redirect(here(".order", token=token))
    new = service.ask(_wish(piece), now=clock.now(), by=_by())
    toast = _("Exchanged") if new.paid_at else _("Pay the difference, and it is yours")
    return Redirect(here(".order", token=token_of(new.id)), toast=toast)


def _piece(token: str, entitlement: str) -> Piece | None:
    """Return what is asked about, or None for a browser that has not proved to own it."""
    order, number = orders.get(read_token(token)), from_public("ent", entitlement)
    owned = next((item for item in entitled.list_of_order(order.id) if item.id == number), None)
    if owned is None:
        raise NotFound
    return Piece(order, owned) if is_mine(order) else None


def _shown(piece: Piece) -> dict[str, Any]:
    found = queries.options(piece.order, piece.owned, now=clock.now())
    return {
        "title": titles_of(piece.order, [piece.owned.sku_id]).get(piece.owned.sku_id, ""),
        "choices": _choices(found),
        "is_dearer": any(option.terms.due for option in found),
        "labels": {"choice": _("Exchange it for")},
    }


def _choices(found: list[Option]) -> list[tuple[str, str, str]]:
    """Return what can be chosen: what is sent back, what it is called, and what is paid or comes back."""
    titles = catalog.titles({option.sku.id for option in found}, lang(), frame().lang) if found else {}
    return [
        (
            f"{option.sku.code}:{option.terms.difference}",
            titles.get(option.sku.id, option.sku.code),
            f"{money(option.sku.price)} · {_difference(option)}",
        )
        for option in found
    ]


def _difference(option: Option) -> str:
    said = _("Nothing to pay")
    if option.terms.due:
        said = _("You pay %(due)s more", due=money(option.due))
    elif option.terms.back:
        said = _("%(back)s goes back to you", back=money(option.back))
    elif option.terms.kept > option.rule.fee:
        said = _("It is cheaper; the difference is not given back")
    return f"{said} · {_('fee %(fee)s', fee=money(option.fee))}" if option.rule.fee else said


def _wish(piece: Piece) -> service.Wish:
    sku, _colon, difference = request.form.get("choice", "")[:100].rpartition(":")
    if not sku or not difference.removeprefix("-").isdecimal():
        raise Invalid({"choice": NoSuchTarget()})
    device = present_device()
    return service.Wish(
        order_id=piece.order.id,
        entitlement_id=piece.owned.id,
        sku=sku,
        difference=int(difference),
        lang=lang(),
        device_id=device.id if device else None,
        network=public_network(),
    )


def _by() -> By:
    device, member = present_device(), present_member()
    return By("device", device.id) if device else member.by if member else By("system")
