"""Using what was bought, by oneself: from the order's page, or by typing the code. To look at it uses nothing."""

from uuid import UUID, uuid4

from flask import request
from flask_babel import gettext

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.inventory.queries import Typed
from app.kit import clock, db, tokens
from app.kit.errors import NotFound, Refusal
from app.kit.events import By
from app.kit.ids import from_public
from app.kit.secret import Secret
from app.orders import queries as orders
from app.redemption import service as redemption
from app.redemption.queries import Channel
from app.redemption.service import Redeemed, Use, Via
from app.web.forms import Form
from app.web.guard import client_network, corrects, frame, unit
from app.web.language import here, whereabouts
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.placing import read_token
from app.web.shop.proof import is_mine, present_device
from app.web.shop.uses import use_of

TICKET, TICKET_SECONDS = "use", 15 * 60
LONGEST_CODE = 500


@bp.get("/redeem")
def redeem() -> Page:
    return page("shop/redeem/redeem.html", fragments={"redeem": "shop/redeem/_redeem.html"}, secret=True)


@bp.post("/redeem")
@unit(None)
@corrects(redeem)
def find_code() -> Redirect:
    """Lead whoever knows a code to what it is good for; the code itself goes into no address."""
    form = Form(request.form)
    text = form.text("code", most=LONGEST_CODE, required=True)
    pin = form.text("pin", most=LONGEST_CODE)
    form.done()
    typed = Typed(Secret(text), Secret(pin) if pin else None)
    found = db.write(frame().merchant_id, lambda: redemption.find_own(typed, network=client_network(), now=clock.now()))
    if isinstance(found, Refusal):
        raise found  # the wrong try is committed
    return Redirect(here(".ticket", ticket=ticket_of(found)))


@bp.get("/redeem/<ticket>")
def ticket(ticket: str) -> Page | Redirect:
    found = _read(ticket)
    if found is None:
        return Redirect(here(".redeem"), toast=gettext("That was a while ago: type the code once more"), tone="info")
    return _use_page(found, here(".ticket", ticket=ticket), here(".redeem"))


@bp.post("/redeem/<ticket>")
@corrects(ticket)
def use_ticket(ticket: str) -> Page | Redirect:
    found = _read(ticket)
    if found is None:
        return Redirect(here(".redeem"), toast=gettext("That was a while ago: type the code once more"), tone="info")
    made = _use(found, By("holder"))
    return _done_page(made, here(".ticket", ticket=ticket), here(".redeem"))


@bp.get("/o/<token>/uses/<entitlement>")
def use(token: str, entitlement: str) -> Page | Redirect:
    found = _own(token, entitlement)
    url, back = here(".use", token=token, entitlement=entitlement), here(".order", token=token)
    return _use_page(found, url, back) if found else Redirect(back)


@bp.post("/o/<token>/uses/<entitlement>")
@corrects(use)
def use_own(token: str, entitlement: str) -> Page | Redirect:
    found, device = _own(token, entitlement), present_device()
    back = here(".order", token=token)
    if found is None or device is None or not entitlements.keep_in_hand(found, holder_id=None):
        return Redirect(back)
    made = _use(found, By("device", device.id))
    return _done_page(made, here(".use", token=token, entitlement=entitlement), back)


def ticket_of(entitlement_id: UUID) -> str:
    """Return the text by which the page of one thing is reached for a quarter of an hour."""
    return tokens.sign(TICKET, [frame().merchant_id, entitlement_id.hex])


def _read(ticket: str) -> UUID | None:
    """Return what a ticket is for, or None when its time is over; one of another shop, or made up, is not found."""
    said = tokens.read(TICKET, ticket)
    if said is None or said[0] != frame().merchant_id:
        raise NotFound
    return UUID(said[1]) if tokens.read(TICKET, ticket, max_age=TICKET_SECONDS) else None


def _own(token: str, entitlement: str) -> UUID | None:
    """Return what is to be used of an order; None for a browser that has not proved itself, which that page asks."""
    order, number = orders.get(read_token(token)), from_public("ent", entitlement)
    if number not in {item.id for item in entitled.list_held(order.id)}:
        raise NotFound
    return number if is_mine(order) else None


def _use(entitlement_id: UUID, by: By) -> Redeemed:
    form = Form(request.form)
    count = form.number("uses", default=1)
    form.done()
    key = request.form.get("idem", "")[:100] or uuid4().hex
    via = Via(Channel.SELF, by, network=client_network(), principal=f"self:{entitlement_id.hex}")
    return redemption.redeem_one(Use(entitlement_id, key, count), via, now=clock.now())


def _use_page(entitlement_id: UUID, url: str, back: str) -> Page:
    return page(
        "shop/redeem/use.html",
        fragments={"use": "shop/redeem/_use.html"},
        secret=True,
        use=use_of(entitlement_id),
        url=url,
        back=back,
        idem=uuid4().hex,
        **whereabouts(url),
    )


def _done_page(made: Redeemed, url: str, back: str) -> Page:
    return page(
        "shop/redeem/done.html",
        fragments={"use": "shop/redeem/_done.html"},
        secret=True,
        use=use_of(made.entitlement_id),
        made=made,
        url=url,
        back=back,
        **whereabouts(url),
    )
