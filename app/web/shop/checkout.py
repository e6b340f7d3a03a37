"""Checkout: order form → cashier → waiting → masked codes → reveal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import request

from app.catalog import queries as catalog
from app.catalog.queries import Product, Source
from app.delivery import queries as links
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.kit import clock, db, pictures, tokens
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.ids import from_public
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Fulfilment, Order, status
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.queries import Attempt, Scene
from app.refunds import queries as refunds
from app.web.cashier import Cashier, ask_gateways, attempt_of, cashier_of, end, lead, pages, place, scene, subject_of
from app.web.guard import corrects, frame, unit
from app.web.language import here, lang, whereabouts
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp
from app.web.shop.buyers import ask_first, payer_of
from app.web.shop.exchanged import Exchanges, exchanges_of
from app.web.shop.giving import AS_GIFT, Gifts, gifts_of
from app.web.shop.in_mini import mini_offer
from app.web.shop.in_wechat import wechat_offer
from app.web.shop.inside import inside_of
from app.web.shop.me.offering import tops_up_own, wallet_of
from app.web.shop.opening import open_codes
from app.web.shop.parcels import GoodShown, good_shown
from app.web.shop.placing import PASSWORD, PASSWORD_AGE, card_of, read_token
from app.web.shop.proof import asks_again, is_mine, placed_here, present_device
from app.web.shop.shown import (
    LookShown,
    MoneyShown,
    OrderShown,
    RefundShown,
    guide_of,
    look_shown,
    money_shown,
    opens_itself,
    order_shown,
    refund_shown,
)
from app.web.shop.transfers import transfer_of
from app.web.shop.uses import uses_of
from app.web.shop.ways import ways_of
from app.web.shop.worded import said_on_page, with_buttons, wordings_of
from app.web.shown import StepShown, steps_shown
from app.web.times import later_than, time_left
from app.web.titles import titles_of
from app.web.worded import Worded


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
    path = here(".order", token=token)
    begun = db.write(frame().merchant_id, lambda: _start(read_token(token), method_id, pages(path), place(payer)))
    return lead(begun, path)


@bp.post("/o/<token>/check")
@unit(None)
@corrects(order)
def check(token: str) -> Redirect:
    """Ask the gateways at once whether an order was paid, and show how it stands."""
    merchant, order_id = frame().merchant_id, read_token(token)
    asked = db.write(merchant, lambda: payments.ask(orders.get(order_id).id, now=clock.now()))
    return Redirect(here(".order", token=token), toast=ask_gateways(order_id, asked), tone="info")


@bp.post("/o/<token>/cancellation")
@unit(None)
@corrects(order)
def cancel(token: str) -> Redirect:
    """Cancel an unpaid order; one with a payment under way is cancelled as soon as its gateway has closed that."""
    merchant, order_id = frame().merchant_id, read_token(token)
    asked = db.write(merchant, lambda: _cancel(order_id))
    return Redirect(here(".order", token=token), toast=end(order_id, asked), tone="info")


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
    owned, cashier = entitled.list_of_order(found.id), cashier_of(found)
    held = [item for item in owned if item.holder_id is None]
    mine = bool(opened) or is_mine(found) or tops_up_own(found)
    attempt = attempt_of(found)
    shown, wordings = _shown(found, held, opened)
    answer = page(
        "shop/orders/order.html",
        fragments={"order": "shop/orders/_order.html"},
        secret=True,
        order=shown,
        token=token,
        **_to_pay(found, cashier, token),
        money=_money(found, owned, attempt),
        transfer=transfer_of(found, attempt),
        wordings=wordings,
        by_itself=_opens_itself(found, shown),
        password=_password(found),
        card=card_of(found.id),
        as_gift=AS_GIFT in request.cookies,
        gifts=gifts_of(found, owned, token) if mine and owned else Gifts(),
        exchanges=exchanges_of(found, owned, token) if mine else Exchanges(),
        **of_owner(found, held, mine=mine),
        **whereabouts(here(".order", token=token)),
    )
    answer.leads_to, answer.tells_origin = paying.origins(cashier.methods), paying.checks_referrer(cashier.methods)
    if PASSWORD in request.cookies and not shown.waits:
        answer.cookies = (Cookie(PASSWORD, "", here(".order", token=token)),)
    return answer


def _to_pay(found: Order, cashier: Cashier, token: str) -> dict[str, Any]:
    """Return what an order page shows of the ways to pay."""
    return {
        "methods": cashier.shown,
        "qr_url": here(".qr", token=token),
        "cashier": cashier,
        "wallet": wallet_of(found, cashier),
        "in_wechat": scene() is Scene.WECHAT,
    }


def _shown(
    found: Order, owned: Sequence[Entitlement], opened: Mapping[UUID, Secret] | None
) -> tuple[OrderShown, list[Worded]]:
    """Return an order as its buyer sees it, and what the shop says beside its codes."""
    said = said_on_page(found, owned)
    goods = with_buttons(goods_of(found), said)
    shown = order_shown(found, owned, goods, now=clock.now(), opened=opened, fee=orders.surcharge_of(found))
    return shown, wordings_of(shown, said)


def _opens_itself(found: Order, shown: OrderShown) -> bool:
    """Tell whether this browser is shown the codes without a tap: not where they are to be given away unseen."""
    return AS_GIFT not in request.cookies and placed_here(found) and opens_itself(shown, now=clock.now())


def of_owner(found: Order, owned: Sequence[Entitlement], *, mine: bool) -> dict[str, Any]:
    """Return what an order page shows to its owner alone, and how somebody else can prove to be that."""
    return {
        "mine": mine,
        "again": mine and asks_again(found, owned),
        "by_mail": links.takes_codes(found.contact_mask),
        "hides": merchants.reveals().hide_seconds,
        "looks": looks_of(owned) if mine else (),
        "uses": uses_of(owned) if mine else (),
        "ways": ways_of(found) if mine else (),
        "wechat_offer": wechat_offer(found) if mine else "",
        "mini_offer": mini_offer(found) if mine else None,
    }


def _money(found: Order, owned: Sequence[Entitlement], attempt: Attempt | None) -> MoneyShown:
    until = refunds.returns_at(found, is_seen=any(item.reveals for item in owned))
    release_at = refunds.released_at(found.id) if until else None
    now = clock.now()
    opens_at = later_than(now, entitled.opens_at(found.id)) if _is_owed(found) else None
    shown = money_shown(
        found,
        attempt,
        _refunds(found, owned),
        paying.list_paybacks_of_order(found.id),
        until=until,
        release_at=release_at if release_at and release_at > clock.now() else None,
        by_hand=until is not None and entitled.waits_for_people(found.id),
    )
    return replace(shown, opens_at=opens_at, opens_left=time_left(now, opens_at)) if opens_at else shown


def _is_owed(found: Order) -> bool:
    return found.paid_at is not None and found.fulfilment is not Fulfilment.DONE


def _refunds(found: Order, owned: Sequence[Entitlement]) -> list[RefundShown]:
    rows = [row for row in refunds.list_of_order(found.id) if row.into_id is None]  # exchanges stand by themselves
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


def _start(order_id: UUID, method_id: UUID | None, where: payments.Pages, place: payments.Place) -> payments.Begun:
    found = orders.get(order_id)
    return payments.start(
        found,
        method_id,
        where,
        subject=subject_of(found),
        now=clock.now(),
        by=By("device", found.device_id),
        place=place,
    )


def _cancel(order_id: UUID) -> list[UUID]:
    """Cancel the order of this browser; another one is told that there is no such order."""
    found = orders.get(order_id)
    if not placed_here(found) and not tops_up_own(found):
        raise NotFound
    return payments.cancel(found, now=clock.now(), by=By("device", found.device_id))
