"""Signing in without a password: one field, six digits, typed in the browser that asked. The first time it makes the
account. Every answer is the same whether there is one or not."""

from flask import request
from flask_babel import gettext

from app.kit import clock, db
from app.kit.errors import Refusal
from app.members import queries
from app.members import service as members
from app.messages import queries as messages
from app.messages.queries import Channel
from app.web.forms import Form
from app.web.guard import DEVICE_COOKIE, corrects, frame, unit
from app.web.language import here, lang
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.coming import coming_from
from app.web.shop.me.present import held_token, member_cookie, present_member
from app.web.shop.proof import asking, device_cookie

LONGEST_CONTACT, LONGEST_DIGITS = 200, 40


@bp.get("/me/sign-in")
def welcome() -> Page | Redirect:
    if present_member():
        return Redirect(here(".me"))
    by_phone = messages.carries(Channel.SMS)
    return _page("shop/me/welcome.html", "shop/me/_welcome.html", by_phone=by_phone)


@bp.post("/me/sign-in")
@corrects(welcome)
def ask_digits() -> Redirect:
    """Send digits to whatever address was typed; who asks is not told whether it has an account."""
    form = Form(request.form)
    contact = form.text("contact", most=LONGEST_CONTACT, required=True)
    form.done()
    token = members.ask_code(contact, asking(), lang=lang(), now=clock.now())
    return Redirect(here(".digits_asked", next=coming_from() or None), cookies=(device_cookie(token),))


@bp.get("/me/sign-in/code")
def digits_asked() -> Page:
    sent = queries.find_asked(request.cookies.get(DEVICE_COOKIE, ""))
    return _page("shop/me/digits.html", "shop/me/_digits.html", sent=sent)


@bp.post("/me/sign-in/code")
@unit(None)
@corrects(digits_asked)
def sign_in() -> Redirect:
    """Sign the person in, or add the contact to their account, who typed the digits that were sent there."""
    form = Form(request.form)
    typed = form.text("digits", most=LONGEST_DIGITS, required=True)
    form.done()
    proved = db.write(frame().merchant_id, lambda: members.prove(typed, asking(), token=held_token(), now=clock.now()))
    if isinstance(proved, Refusal):
        raise proved  # the wrong try is committed
    said = gettext("Contact added") if proved.added else gettext("Welcome") if proved.is_new else gettext("Signed in")
    url = here(".my_account") if proved.added else coming_from() or here(".me")
    return Redirect(url, toast=said, cookies=(member_cookie(proved.token),))


@bp.post("/me/sign-out")
def sign_member_out() -> Redirect:
    """End this session at once; what this browser itself proved of orders stays."""
    members.sign_out(held_token(), now=clock.now())
    return Redirect(here(".home"), toast=gettext("You are signed out"), cookies=(member_cookie(""),))


def _page(template: str, fragment: str, **context: object) -> Page:
    known = {"minutes": members.CODE_MINUTES, "next": coming_from()}
    return page(template, fragments={"sign-in": fragment}, secret=True, **known, **context)
