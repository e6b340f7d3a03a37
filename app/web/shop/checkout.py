"""Checkout: order form → cashier → waiting → masked codes → reveal."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import request, url_for
from flask_babel import gettext

from app.catalog import queries as catalog
from app.catalog.queries import Product, Source
from app.delivery import queries as links
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.kit import clock, db, effects, pictures, tokens
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.ids import from_public
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders.queries import Order, status
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.errors import GatewayAway, GatewaySilent
from app.payments.queries import Attempt, Scene, Way
from app.refunds import queries as refunds
from app.web.guard import corrects, frame, settings, unit
from app.web.language import here, lang, whereabouts
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp
from app.web.shop.buyers import ask_first, payer_of
from app.web.shop.cashier import cashier_of, scene
from app.web.shop.inside import inside_of
from app.web.shop.opening import open_codes
from app.web.shop.placing import PASSWORD, PASSWORD_AGE, read_token
from app.web.shop.proof import is_mine, placed_here, present_device
from app.web.shop.shown import (
    GoodShown,
    LookShown,
    MoneyShown,
    RefundShown,
    good_shown,
    guide_of,
    look_shown,
    money_shown,
    opens_itself,
    order_shown,
    phase,
    refund_shown,
)
from app.web.shop.uses import uses_of
from app.web.shown import StepShown, steps_shown
from app.web.titles import titles_of

WAIT = 3.0  # seconds a buyer waits for a gateway before being told how it stands


@bp.get("/o/<token>")
def order(token: str) -> Page:
    return order_page(orders.get(read_token(token)), token)


@bp.post("/o/<token>/payments")
@unit(None)
@corrects(order)
def pay(token: str) -> Redirect:
    method_id = from_public("pay", request.form.get("method", ""))
    return ask_first(token, method_id) or begin(token, method_id, payer_of(method_id))


def begin(token: str, method_id: UUID | None, payer: str) -> Redirect:
    """Start a payment, and return where the buyer goes to make it."""
    merchant, back = frame().merchant_id, _origin() + here(".order", token=token)
    place = payments.Place(scene(), payer, request.remote_addr or "")
    begun = db.write(merchant, lambda: _start(read_token(token), method_id, back, place))
    effects.perform(merchant, [begun.effect_id], within=WAIT)
    attempt, looked_at = db.read(merchant, lambda: _opened(begun.attempt_id))
    if not attempt.url:
        raise GatewayAway
    if attempt.way is not Way.GO:
        return Redirect(here(".order", token=token))
    return Redirect(attempt.url, tells_origin=looked_at)


def _opened(attempt_id: UUID) -> tuple[Attempt, bool]:
    """Return a payment that was started, and whether its page looks where a browser comes from."""
    attempt = paying.get_attempt(attempt_id)
    method = paying.list_methods_by_id([attempt.method_id])[attempt.method_id]
    return attempt, paying.checks_referrer([method])


@bp.post("/o/<token>/check")
@unit(None)
@corrects(order)
def check(token: str) -> Redirect:
    """Ask the gateways at once whether an order was paid, and show how it stands."""
    merchant, order_id = frame().merchant_id, read_token(token)
    asked = db.write(merchant, lambda: payments.ask(orders.get(order_id).id, now=clock.now()))
    effects.perform(merchant, asked, within=WAIT)
    answered, unpaid = db.read(merchant, lambda: (paying.is_answered(asked), _is_unpaid(order_id)))
    if not answered:
        raise GatewaySilent
    said = gettext("Not paid yet") if asked and unpaid else ""
    return Redirect(here(".order", token=token), toast=said, tone="info")


@bp.post("/o/<token>/cancellation")
@unit(None)
@corrects(order)
def cancel(token: str) -> Redirect:
    """Cancel an unpaid order; one with a payment under way is cancelled as soon as its gateway has closed that."""
    merchant, order_id = frame().merchant_id, read_token(token)
    asked = db.write(merchant, lambda: _cancel(order_id))
    effects.perform(merchant, asked, within=WAIT)
    waits = db.read(merchant, lambda: _is_unpaid(order_id))
    said = gettext("Cancelled as soon as the gateway answers") if waits else ""
    return Redirect(here(".order", token=token), toast=said, tone="info")


@bp.post("/o/<token>/reveal")
@unit(None)
@corrects(order)
def reveal(token: str) -> Page:
    order_id = read_token(token)
    opened = open_codes(lambda: orders.get(order_id))
    answer = db.read(frame().merchant_id, lambda: order_page(orders.get(order_id), token, opened.codes))
    answer.cookies += opened.cookies
    return answer


def order_page(found: Order, token: str, opened: Mapping[UUID, Secret] | None = None) -> Page:
    """Return the page of an order: cashier, waiting, or codes."""
    owned = entitled.list_of_order(found.id)
    cashier = cashier_of(found)
    mine = bool(opened) or is_mine(found)
    fees = orders.surcharge_of(found)
    shown = order_shown(found, owned, goods_of(found), now=clock.now(), opened=opened, fee=fees)
    answer = page(
        "shop/orders/order.html",
        fragments={"order": "shop/orders/_order.html"},
        secret=True,
        order=shown,
        token=token,
        methods=cashier.shown,
        cashier=cashier,
        in_wechat=scene() is Scene.WECHAT,
        money=_money(found, owned),
        mine=mine,
        by_mail=not mine and links.takes_codes(found.contact_mask),
        by_itself=placed_here(found) and opens_itself(shown, now=clock.now()),
        looks=looks_of(owned) if mine else (),
        uses=uses_of(owned) if mine else (),
        password=_password(found),
        **whereabouts(here(".order", token=token)),
    )
    answer.leads_to, answer.tells_origin = paying.origins(cashier.methods), paying.checks_referrer(cashier.methods)
    if PASSWORD in request.cookies and not shown.waits:
        answer.cookies = (Cookie(PASSWORD, "", here(".order", token=token)),)
    return answer


def _money(found: Order, owned: Sequence[Entitlement]) -> MoneyShown:
    until = refunds.returns_at(found, is_seen=any(item.reveals for item in owned))
    release_at = refunds.released_at(found.id) if until else None
    return money_shown(
        found,
        paying.find_attempt(found.id),
        _refunds(found, owned),
        paying.list_paybacks_of_order(found.id),
        until=until,
        release_at=release_at if release_at and release_at > clock.now() else None,
        by_hand=until is not None and entitled.waits_for_people(found.id),
    )


def _refunds(found: Order, owned: Sequence[Entitlement]) -> list[RefundShown]:
    rows = refunds.list_of_order(found.id)
    if not rows:
        return []
    parts = refunds.list_parts_of([row.id for row in rows])
    titles = titles_of(found, {item.sku_id for item in owned})
    names = {item.id: titles.get(item.sku_id, "") for item in owned}
    return [refund_shown(row, [names.get(part.entitlement_id, "") for part in parts[row.id]]) for row in rows]


def _password(found: Order) -> str:
    """Return the password of an order that waits for its payment, to the browser that has just placed it."""
    allowed = tokens.read(PASSWORD, request.cookies.get(PASSWORD, ""), max_age=round(PASSWORD_AGE.total_seconds()))
    waits = status(found, now=clock.now()) == "pending"
    return orders.password_of(found).expose() if waits and allowed == found.id.hex else ""


def goods_of(found: Order) -> dict[UUID, GoodShown]:
    """Return what a page tells of each thing ordered, by SKU; how it is used only once it was paid."""
    skus = catalog.list_skus_by_id({line.sku_id for line in found.lines})
    bundled = inside_of(found, [sku.id for sku in skus.values() if sku.source is Source.BUNDLE])
    skus |= catalog.list_skus_by_id(bundled) if bundled else {}
    names = catalog.titles(bundled, lang(), frame().lang) if bundled else {}
    products = catalog.list_products_by_id({sku.product_id for sku in skus.values()})
    steps = _steps(products) if found.paid_at else {}
    return {
        sku.id: good_shown(
            sku,
            products[sku.product_id],
            steps.get(sku.product_id, ()),
            bundle=bundled.get(sku.id, ""),
            name=names.get(sku.id, ""),
        )
        for sku in skus.values()
    }


def _steps(products: Mapping[UUID, Product]) -> dict[UUID, tuple[StepShown, ...]]:
    guides = catalog.list_guides(products)
    sizes = pictures.sizes({number for guide in guides.values() for number in guide.values()}) if guides else {}
    return {
        number: steps_shown(guide_of(product, lang(), frame().lang), guides.get(number, {}), sizes)
        for number, product in products.items()
    }


def looks_of(owned: Sequence[Entitlement]) -> list[LookShown]:
    """Return who looked at the codes of an order, the latest first, for its buyer alone."""
    device = present_device()
    return [look_shown(look, device.id if device else None) for look in entitled.list_looks(owned)]


def _start(order_id: UUID, method_id: UUID | None, back: str, place: payments.Place) -> payments.Begun:
    found = orders.get(order_id)
    notify = settings().base_url + url_for("hooks.notice", token="")
    return payments.start(
        found,
        method_id,
        payments.Pages(notify, back),
        subject=f"{frame().merchant_name} · {found.lines[0].title}",
        now=clock.now(),
        by=By("device", found.device_id),
        place=place,
    )


def _is_unpaid(order_id: UUID) -> bool:
    return phase(orders.get(order_id), now=clock.now()) in {"pending", "asking"}


def _cancel(order_id: UUID) -> list[UUID]:
    """Cancel the order of this browser; another one is told that there is no such order."""
    found = orders.get(order_id)
    if not placed_here(found):
        raise NotFound
    return payments.cancel(found, now=clock.now(), by=By("device", found.device_id))


def _origin() -> str:
    """Return where the buyer's browser is now, so that coming back finds its cookies."""
    return request.url_root.rstrip("/")
