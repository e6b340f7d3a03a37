"""Giving: an owner wraps something, gets a link with a QR code to send, and takes it back while nobody has claimed it.

Who bought it gives from the order's page, who was given it from the gift's: both are the same pages for another hand.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext

from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.gifting import queries, service
from app.gifting.queries import GIFT_DAYS, LONGEST_MESSAGE, LONGEST_NAME, Given, Giving
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.ids import from_public
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.forms import Form
from app.web.guard import corrects, frame
from app.web.language import here, lang, whereabouts
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp
from app.web.shop.giving import AS_GIFT, gift_shown
from app.web.shop.placing import read_token
from app.web.shop.proof import is_mine, present_device
from app.web.times import business_day
from app.web.titles import titles_of

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hand:
    """Something in the hand of who asks: the order's buyer, or who holds the gift `from_id`."""

    order: Order
    owned: Entitlement
    from_id: UUID | None
    by: By
    given: Given | None  # the gift that was made of it out of this hand, if it is not back
    url: str  # of this page
    back: str


@bp.post("/o/<token>/as-gift")
def as_gift(token: str) -> Redirect:
    """Keep the page of an order from showing its codes by itself, in this browser, so that they can be given unseen."""
    url = here(".order", token=token)
    orders.get(read_token(token))
    cookie = Cookie(AS_GIFT, "1", url, 1.0)
    return Redirect(url, toast=gettext("Nothing is shown until you ask for it"), cookies=(cookie,))


@bp.get("/o/<token>/gifts/<entitlement>")
def give(token: str, entitlement: str) -> Page | Redirect:
    return _page(_of_order(token, entitlement), here(".order", token=token))


@bp.post("/o/<token>/gifts/<entitlement>")
@corrects(give)
def make_gift(token: str, entitlement: str) -> Redirect:
    return _wrap(_of_order(token, entitlement), here(".order", token=token))


@bp.post("/o/<token>/gifts/<entitlement>/return")
def return_gift(token: str, entitlement: str) -> Redirect:
    return _take_back(_of_order(token, entitlement), here(".order", token=token))


@bp.get("/gift/<gift>/on")
def give_on(gift: str) -> Page | Redirect:
    return _page(_of_gift(gift), here(".gift", gift=gift))


@bp.post("/gift/<gift>/on")
@corrects(give_on)
def make_gift_on(gift: str) -> Redirect:
    return _wrap(_of_gift(gift), here(".gift", gift=gift))


@bp.post("/gift/<gift>/on/return")
def return_gift_on(gift: str) -> Redirect:
    return _take_back(_of_gift(gift), here(".gift", gift=gift))


def _of_order(token: str, entitlement: str) -> Hand | None:
    """Return what the buyer of an order has, or gave; None for a browser that has not proved to be theirs."""
    order, number = orders.get(read_token(token)), from_public("ent", entitlement)
    owned = next((item for item in entitled.list_of_order(order.id) if item.id == number), None)
    if owned is None:
        raise NotFound
    device = present_device()
    if device is None or not is_mine(order):
        return None
    given = _given_of(order, owned, None)
    if owned.holder_id is not None and given is None:
        return None
    url = here(".give", token=token, entitlement=entitlement)
    return Hand(order, owned, None, By("device", device.id), given, url, here(".order", token=token))


def _of_gift(gift: str) -> Hand | None:
    """Return what who claimed a gift has, or gave on; None for another browser than theirs."""
    found, device = queries.find_gift(gift, now=clock.now()), present_device()
    if found is None:
        raise NotFound
    if device is None or found.stands != "claimed" or found.gift.device_id != device.id:
        return None
    order = orders.get(found.gift.order_id)
    given = _given_of(order, found.entitlement, found.gift.id)
    if not found.is_mine and given is None:
        return None
    back = here(".gift", gift=gift)
    return Hand(order, found.entitlement, found.gift.id, By("device", device.id), given, f"{back}/on", back)


def _given_of(order: Order, owned: Entitlement, from_id: UUID | None) -> Given | None:
    given = queries.list_given(order.id, from_id=from_id, now=clock.now())
    return next((one for one in given if one.gift.entitlement_id == owned.id), None)


def _page(hand: Hand | None, back: str) -> Page | Redirect:
    if hand is None:
        return Redirect(back)
    giving = queries.giving()
    title = titles_of(hand.order, [hand.owned.sku_id]).get(hand.owned.sku_id, "")
    can = hand.owned.state is State.READY and not hand.owned.used and giving is not Giving.NOTHING
    return page(
        "shop/gift/give.html",
        fragments={"give": "shop/gift/_give.html"},
        secret=True,
        hand=hand,
        title=title,
        gift=gift_shown(hand.given, title) if hand.given else None,
        can=can,
        blocked=giving is Giving.UNSEEN and hand.owned.reveals > 0,
        tomorrow=business_day(clock.now(), frame().zone) + DAY,
        days=GIFT_DAYS,
        longest=(LONGEST_NAME, LONGEST_MESSAGE),
        **whereabouts(hand.url),
    )


def _wrap(hand: Hand | None, back: str) -> Redirect:
    if hand is None:
        return Redirect(back)
    form = Form(request.form)
    giver, receiver = (form.text(name, most=LONGEST_NAME) for name in ("giver", "receiver"))
    message, opens_on = form.text("message", most=LONGEST_MESSAGE), form.date("opens_on")
    form.done()
    what = service.Wrapping(
        order_id=hand.order.id,
        entitlement_id=hand.owned.id,
        from_id=hand.from_id,
        giver=giver,
        receiver=receiver,
        message=message,
        lang=lang(),
        by_word="by_word" in request.form,
        opens_at=_start_of(opens_on) if opens_on else None,
    )
    service.wrap(what, now=clock.now(), by=hand.by)
    return Redirect(hand.url, toast=gettext("The gift is ready to be sent"))


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(frame().zone))


def _take_back(hand: Hand | None, back: str) -> Redirect:
    if hand is None or hand.given is None:
        return Redirect(back)
    service.take_back(hand.given.gift.id, now=clock.now(), by=hand.by)
    return Redirect(back, toast=gettext("It is yours again"))
