"""No order password? A code by mail or SMS, typed in the browser that asked for it, signs the contact's owner in.

All answers are the same, whether there is such an order or not. Where the shop does not allow it there is no form.
"""

from flask import request
from flask_babel import gettext

from app.delivery import queries as links
from app.delivery import service as delivery
from app.kit import clock, db
from app.web.forms import Form
from app.web.guard import DEVICE_COOKIE, corrects, frame, unit
from app.web.language import here
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.coming import coming_from
from app.web.shop.lookup import LONGEST_NAME
from app.web.shop.proof import asking, device_cookie

LONGEST_DIGITS = 40


@bp.get("/lookup/code")
def no_password() -> Page:
    return _page("shop/lookup/code.html", "shop/lookup/_code.html")


@bp.post("/lookup/code")
@corrects(no_password)
def ask_code() -> Redirect:
    """Have a code sent to the contact of an order; who asks is not told whether there is one."""
    form = Form(request.form)
    name = form.text("name", most=LONGEST_NAME, required=True)
    form.done()
    token = delivery.ask_code(name, asking(), now=clock.now())
    return Redirect(here(".code_asked", next=coming_from() or None), cookies=(device_cookie(token),))


@bp.get("/lookup/code/enter")
def code_asked() -> Page:
    return _page("shop/lookup/digits.html", "shop/lookup/_digits.html")


@bp.post("/lookup/code/enter")
@unit(None)
@corrects(code_asked)
def prove_by_code() -> Redirect:
    """Sign the owner of a contact in, who typed the digits that were sent there, and lead on to what was asked for."""
    form = Form(request.form)
    typed = form.text("digits", most=LONGEST_DIGITS, required=True)
    form.done()
    refused = db.write(frame().merchant_id, lambda: delivery.prove_contact(typed, asking(), now=clock.now()))
    if refused:
        raise refused  # the wrong try is committed
    return Redirect(coming_from() or here(".orders"), toast=gettext("This is you"))


@bp.post("/orders/sign-out")
def sign_out() -> Redirect:
    """End at once what this browser proved of contacts."""
    delivery.sign_out(request.cookies.get(DEVICE_COOKIE, ""), now=clock.now())
    return Redirect(here(".orders"), toast=gettext("You are signed out"))


def _page(template: str, fragment: str) -> Page:
    by = links.proving_channels()
    return page(
        template,
        fragments={"lookup": fragment},
        secret=True,
        allowed=bool(by),
        by_phone=links.Channel.SMS in by,
        minutes=delivery.CODE_MINUTES,
        next=coming_from(),
    )
