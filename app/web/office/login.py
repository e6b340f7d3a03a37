"""Signing in and out of the office."""

from flask import request, url_for

from app.accounts import queries as accounts
from app.accounts import service
from app.kit import clock, db
from app.kit.tenancy import PLATFORM, System
from app.merchants import queries as merchants
from app.web.asking import browser, me
from app.web.forms import Form, own_path
from app.web.guard import STAFF_COOKIE, corrects, unit
from app.web.office import bp
from app.web.render import Cookie, Page, Redirect, page

PATH = "/office"


@bp.get("/login")
@unit(None)
def login() -> Page:
    return page("office/login.html", next=own_path(request.values.get("next", "")), secret=True)


@bp.post("/login")
@unit(None)
@corrects(login)
def sign_in() -> Redirect:
    form = Form(request.form)
    email = form.text("email", most=254, required=True)
    password = form.fields.get("password", "")
    form.done()
    token = service.sign_in(email=email, password=password, browser=browser(), now=clock.now())
    after = own_path(request.form.get("next", ""))
    url = after if after.startswith(PATH) else url_for(".start")
    return Redirect(url, cookies=(Cookie(STAFF_COOKIE, token, PATH, 1),))


@bp.post("/logout")
@unit(None)
def sign_out() -> Redirect:
    token = request.cookies.get(STAFF_COOKIE, "")
    db.write(PLATFORM, lambda: service.sign_out(token, now=clock.now()))
    return Redirect(url_for(".login"), cookies=(Cookie(STAFF_COOKIE, "", PATH),))


@bp.get("/")
@unit(None)
def start() -> Page | Redirect:
    """Lead to the one shop somebody works for, or let them choose."""
    user_id = me().user_id
    ids = db.read(System("my shops"), lambda: accounts.list_merchants(user_id))
    shops = [db.read(merchant_id, merchants.current) for merchant_id in ids]
    if len(shops) == 1:
        return Redirect(url_for(".home", shop=shops[0].slug))
    return page("office/shops.html", shops=shops)
