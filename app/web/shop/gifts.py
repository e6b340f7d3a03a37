"""The door of a gift from person to person: to look at it takes nothing, and it is claimed once, for good.

Previews and scanners that open the link change nothing. Scanners that press buttons are why a giver is offered to have
a word asked for; one who sends the link by chat may do without it, and a tap is enough then.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_babel import gettext

from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.entitlements.service import Opening
from app.gifting import queries, service
from app.gifting.queries import Given
from app.gifting.service import Admitted, Taking
from app.kit import clock, crypto, db
from app.kit.errors import Invalid, NotFound, Refusal, Required
from app.kit.events import By
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.web.cashier import qr_picture
from app.web.forms import Form
from app.web.guard import DEVICE_COOKIE, corrects, frame, unit
from app.web.language import here, lang, whereabouts
from app.web.render import MINE, Page, Redirect, fixed, page
from app.web.shop import bp
from app.web.shop.checkout import goods_of
from app.web.shop.claiming import LONGEST_PROOF, dead
from app.web.shop.giving import gift_shown
from app.web.shop.parcels import codes_shown
from app.web.shop.proof import browser, device_cookie, present_device
from app.web.shop.uses import uses_of
from app.web.shop.using import ticket_of
from app.web.shown import plain_values
from app.web.titles import titles_of

LONGEST_MAIL = 120


@bp.get("/gift/<gift>")
def gift(gift: str) -> Page:
    found = queries.find_gift(gift, now=clock.now())
    return _page(found, gift) if found and found.stands in ("waiting", "claimed") else dead()


@bp.get("/gift/<gift>/qr.png")
def gift_qr(gift: str) -> Response:
    """Give a gift's link as a picture, for the phone of who is given it."""
    if queries.find_gift(gift, now=clock.now()) is None:
        raise NotFound
    return fixed(qr_picture(request.url_root.rstrip("/") + here(".gift", gift=gift)), "image/png", MINE)


@bp.post("/gift/<gift>/claim")
@unit(None)
@corrects(gift)
def take_gift(gift: str) -> Page | Redirect:
    """Make a gift the one of this browser, for good."""
    form = Form(request.form)
    taking = Taking(form.text("proof", most=LONGEST_PROOF), form.text("email", most=LONGEST_MAIL), lang())
    form.done()
    return _admit(gift, service.accept, taking, gettext("It is yours now"))


@bp.post("/gift/<gift>/proof")
@unit(None)
@corrects(gift)
def prove_gift(gift: str) -> Page | Redirect:
    """Let another browser of who claimed a gift in, by the word that stood in the first one."""
    typed = request.form.get("proof", "").strip()[:LONGEST_PROOF]
    return _admit(gift, service.prove_gift, typed, "")


@bp.post("/gift/<gift>/reveal")
@unit(None)
@corrects(gift)
def open_gift(gift: str) -> Page | Redirect:
    """Show the code to the browser that has the gift."""
    if db.read(frame().merchant_id, lambda: queries.find_gift(gift, now=clock.now())) is None:
        return dead()
    secret = open_code(gift)
    if secret is None:
        return Redirect(here(".gift", gift=gift))
    return db.read(frame().merchant_id, lambda: _shown(gift, secret))


def open_code(gift: str) -> Secret | None:
    """Return the code of a gift for the browser that has it; the look is committed before anything is opened."""
    looked = db.write(frame().merchant_id, lambda: _look(gift))
    if looked is None:
        return None
    opening, by = looked
    return next(iter(crypto.open([opening.reveal], by=by)))


def find_own(gift: str) -> Given | None:
    """Return a gift for the browser that claimed it and has it still; None for others. Raises NotFound."""
    found = queries.find_gift(gift, now=clock.now())
    if found is None:
        raise NotFound
    return found if found.is_mine and _is_mine(found, _device_id()) else None


def _admit(token: str, verb: Callable[..., Admitted | Refusal], said: object, toast: str) -> Page | Redirect:
    """Let this browser in by a verb of gifts, or raise what it says once the wrong try is committed."""
    device = request.cookies.get(DEVICE_COOKIE, "")

    def admit() -> Admitted | Refusal | None:
        found = queries.find_gift(token, now=clock.now())
        if found is None or found.stands not in ("waiting", "claimed"):
            return None
        if said == "":
            raise Invalid({"proof": Required()})
        return verb(found.gift, said, device_token=device, browser=browser(), now=clock.now())

    admitted = db.write(frame().merchant_id, admit)
    if isinstance(admitted, Refusal):
        raise admitted
    if admitted is None:
        return dead()
    return Redirect(here(".gift", gift=token), toast=toast, cookies=(device_cookie(admitted.device_token),))


def _look(token: str) -> tuple[Opening, By] | None:
    found, device_id = queries.find_gift(token, now=clock.now()), _device_id()
    if found is None or device_id is None or not _is_mine(found, device_id):
        return None
    (opening,) = service.open_gift(found.gift, device_id=device_id, browser=browser(), now=clock.now())
    return opening, By("device", device_id)


def _device_id() -> UUID | None:
    device = present_device()
    return device.id if device else None


def _is_mine(found: Given, device_id: UUID | None) -> bool:
    """Tell whether this browser claimed the gift, or proved itself last for it."""
    return device_id is not None and found.stands == "claimed" and found.gift.device_id == device_id


def _shown(token: str, secret: Secret) -> Page:
    found = queries.find_gift(token, now=clock.now())
    return _page(found, token, secret) if found else dead()


def _page(found: Given, token: str, secret: Secret | None = None) -> Page:
    order, sku_id = orders.get(found.gift.order_id), found.entitlement.sku_id
    title, goods = titles_of(order, [sku_id]).get(sku_id, ""), goods_of(order)
    (code,) = codes_shown(order, [found.entitlement], goods, {}, now=clock.now()) or (None,)
    mine = _is_mine(found, _device_id())
    return page(
        "shop/gift/gift.html",
        fragments={"gift": "shop/gift/_gift.html"},
        secret=True,
        gift=gift_shown(found, title),
        token=token,
        title=title,
        good=goods[sku_id],
        code=code,
        mine=mine,
        values=plain_values(secret),
        **(_of_holder(found) if mine else {"own_word": "", "ours": (), "can_give": False, "again": False}),
        hides=merchants.reveals().hide_seconds,
        **whereabouts(here(".gift", gift=token)),
    )


def _of_holder(found: Given) -> dict[str, Any]:
    """Return what is shown to who holds a gift alone."""
    ours: list[Entitlement] = [found.entitlement] if found.is_mine else []
    giving = queries.giving()
    unseen = giving is not queries.Giving.UNSEEN or not found.entitlement.reveals
    fresh = found.is_mine and not found.entitlement.used and giving is not queries.Giving.NOTHING
    return {
        "own_word": queries.holder_word(found.gift),
        "ours": [(use, ticket_of(use.id)) for use in uses_of(ours)],
        "can_give": fresh and unseen,
        "again": found.is_mine and entitled.asks_again([found.entitlement], found.gift.proved_at, now=clock.now()),
    }
