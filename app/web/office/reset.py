"""A forgotten password: a link is mailed, and its page lets its holder choose a new one.

Mail scanners open links, so opening one uses nothing up; only the form does.
"""

import re
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.accounts import service
from app.kit import clock, db
from app.kit.tenancy import PLATFORM
from app.web.asking import browser, new_password
from app.web.forms import Form
from app.web.guard import corrects, unit
from app.web.language import lang
from app.web.office import bp
from app.web.render import Page, Redirect, page

SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # the short name of one


@bp.get("/reset")
@unit(None)
def reset() -> Page:
    return page("office/account/reset.html", secret=True, way=_way_in())


@bp.post("/reset")
@unit(None)
@corrects(reset)
def ask_reset() -> Redirect:
    form = Form(request.form)
    email = form.text("email", most=254, required=True)
    form.done()
    service.ask_reset(email=email, browser=browser(), lang=lang(), shop=_way_in().shop, now=clock.now())
    return Redirect(url_for(".reset_sent", at=_way_in().shop or None))


@bp.get("/reset/sent")
@unit(None)
def reset_sent() -> Page:
    return page("office/account/sent.html", minutes=accounts.RESET_MINUTES, secret=True, way=_way_in())


@bp.get("/reset/<token>")
@unit(None)
def choose_password(token: str) -> Page:
    email = db.read(PLATFORM, lambda: accounts.find_reset(token, now=clock.now()))
    if email is None:
        dead = page("office/account/dead_link.html", minutes=accounts.RESET_MINUTES, secret=True, way=_way_in())
        dead.status = 404
        return dead
    least = accounts.SHORTEST_PASSWORD
    return page("office/account/choose.html", token=token, email=email, least=least, secret=True, way=_way_in())


@bp.post("/reset/<token>")
@unit(None)
@corrects(choose_password)
def reset_password(token: str) -> Redirect:
    password = new_password(request.form)
    service.reset_password(token, password=password, browser=browser(), lang=lang(), now=clock.now())
    return Redirect(_way_in().url, toast=_("Password changed"))


@dataclass(frozen=True)
class WayIn:
    """Where somebody signs in: at the companies' door of the shop they came from, or at the office."""

    shop: str
    url: str


def _way_in() -> WayIn:
    shop = request.values.get("at", "")
    if not SHOP.fullmatch(shop):
        return WayIn("", url_for(".login"))
    return WayIn(shop, url_for("enterprise.login", shop=shop))
