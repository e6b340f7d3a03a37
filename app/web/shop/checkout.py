"""Checkout: order form → cashier → waiting → masked codes → reveal."""

from uuid import UUID

from flask import Response, request, url_for

from app.accounts import queries as devices
from app.accounts import service as accounts
from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.kit import clock, crypto, db, tokens
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.ids import from_public
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.errors import NotPayable
from app.orders.queries import Order, status
from app.payments import queries as paying
from app.payments import service as payments
from app.web.forms import Form
from app.web.guard import DEVICE_COOKIE, client_network, corrects, frame, settings, unit
from app.web.language import here, lang, whereabouts
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp
from app.web.shop.shelf import product
from app.web.shop.shown import GoodShown, good_shown, order_shown

DEVICE_DAYS = 30
ORDER = "order"


def product_of_form() -> Page:
    """Show the product page again that the refused form came from."""
    return product(slug=request.form.get("product", ""))


@bp.post("/orders")
@corrects(product_of_form)
def place() -> Redirect:
    form = Form(request.form)
    quantity = form.number("quantity", default=1)
    idem = form.text("idem", most=64, required=True)
    form.done()
    sku, contact = request.form.get("sku", "")[:64], request.form.get("contact", "").strip()
    device, token = accounts.remember_device(request.cookies.get(DEVICE_COOKIE), now=clock.now())
    sent = "\n".join((idem, sku, str(quantity), contact))  # gone back to and changed, the form is a new order
    basket = ordering.Basket(((sku, quantity),), contact, lang(), sent)
    order = ordering.place(basket, device_id=device.id, now=clock.now(), by=By("device", device.id))
    return Redirect(here(".order", token=token_of(order)), cookies=(Cookie(DEVICE_COOKIE, token, "/", DEVICE_DAYS),))


@bp.get("/orders", endpoint="orders")
def own_orders() -> Page:
    device = devices.find_device(request.cookies.get(DEVICE_COOKIE, ""))
    found = orders.list_of_device(device.id) if device else ()
    shown = [(token_of(order), order_shown(order, (), {}, now=clock.now())) for order in found]
    return page("shop/orders/orders.html", orders=shown, secret=True)


@bp.get("/o/<token>")
def order(token: str) -> Page | Response:
    found = orders.get(read_token(token))
    if request.args.get("unless") == status(found, now=clock.now()):
        return Response(status=204)  # the waiting page asked whether anything has changed
    return order_page(found, token)


@bp.post("/o/<token>/payments")
@unit(None)
@corrects(order)
def pay(token: str) -> Redirect:
    now = clock.now()
    method_id = from_public("pay", request.form.get("method", ""))
    started = db.write(frame().merchant_id, lambda: _start(read_token(token), method_id))
    url = payments.gateway_page(
        started,
        subject=f"{frame().merchant_name} · {started.title}",
        notify_url=settings().base_url + url_for("hooks.notice", token=started.hook_token),
        return_url=_origin() + here(".order", token=token),
        at=now,
    )
    return Redirect(url)


@bp.post("/o/<token>/reveal")
@unit(None)
@corrects(order)
def reveal(token: str) -> Page:
    order_id = read_token(token)
    by, openings = db.write(frame().merchant_id, lambda: _reveal(order_id))
    secrets = crypto.open([opening.reveal for opening in openings], by=by)
    opened = {opening.entitlement_id: secret for opening, secret in zip(openings, secrets, strict=True)}
    return db.read(frame().merchant_id, lambda: order_page(orders.get(order_id), token, opened))


def order_page(found: Order, token: str, opened: dict[UUID, Secret] | None = None) -> Page:
    """Return the page of an order: cashier, waiting, or codes."""
    owned = entitled.list_of_order(found.id)
    methods = paying.list_methods()
    chosen = next((tender.method_id for tender in orders.list_tenders_of(found.id) if tender.method_id), None)
    answer = page(
        "shop/orders/order.html",
        fragments={"order": "shop/orders/_order.html"},
        secret=True,
        order=order_shown(found, owned, _goods(found), now=clock.now(), opened=opened),
        token=token,
        methods=methods,
        started=chosen is not None,
        chosen=chosen,
        mine=_is_mine(found),
        **whereabouts(here(".order", token=token)),
    )
    answer.leads_to = paying.origins(methods)
    return answer


def _goods(found: Order) -> dict[UUID, GoodShown]:
    """Return what the page tells of each thing ordered, by SKU."""
    skus = catalog.list_skus_by_id({line.sku_id for line in found.lines})
    products = catalog.list_products_by_id({sku.product_id for sku in skus.values()})
    return {sku.id: good_shown(sku, products[sku.product_id], lang(), frame().lang) for sku in skus.values()}


def token_of(order: Order) -> str:
    """Return the token that an order's page is found by."""
    return tokens.sign(ORDER, order.id.hex)


def read_token(token: str) -> UUID:
    """Return the order that a token names, or refuse with NotFound."""
    value = tokens.read(ORDER, token)
    if value is None:
        raise NotFound
    return UUID(value)


def _start(order_id: UUID, method_id: UUID | None) -> payments.Started:
    found = orders.get(order_id)
    now = clock.now()
    if now >= found.expires_at:
        raise NotPayable
    return payments.start(found, method_id, now=now, by=By("device", found.device_id))


def _reveal(order_id: UUID) -> tuple[By, list[entitlements.Opening]]:
    """Check the proof and record the reveal in one unit; only its commit lets a code be opened."""
    proof = _proof(order_id)
    return proof.by, entitlements.reveal(order_id, proof=proof, now=clock.now())


def _proof(order_id: UUID) -> entitlements.Proof:
    """Return the proof of the browser that placed the order; another one is told that there is no such order."""
    found = orders.get(order_id)
    if not _is_mine(found):
        raise NotFound
    agent = request.headers.get("User-Agent", "")
    return entitlements.Proof("device", By("device", found.device_id), client_network(), agent)


def _is_mine(found: Order) -> bool:
    device = devices.find_device(request.cookies.get(DEVICE_COOKIE, ""))
    return device is not None and device.id == found.device_id


def _origin() -> str:
    """Return where the buyer's browser is now, so that coming back finds its cookies."""
    return request.url_root.rstrip("/")
