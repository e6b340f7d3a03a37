"""A forgotten password: a link is mailed, and its page lets its holder choose a new one.

Mail scanners open links, so opening one uses nothing up; only the form does.
"""

from flask import request, url_for
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.accounts import service
from app.kit import clock, db
from app.kit.tenancy import PLATFORM
from app.web.forms import Form
from app.web.guard import corrects, unit
from app.web.language import lang
from app.web.office import bp
from app.web.office.asking import browser, new_password
from app.web.render import Page, Redirect, page


@bp.get("/reset")
@unit(None)
def reset() -> Page:
    return page("office/account/reset.html", secret=True)


@bp.post("/reset")
@unit(None)
@corrects(reset)
def ask_reset() -> Redirect:
    form = Form(request.form)
    email = form.text("email", most=254, required=True)
    form.done()
    service.ask_reset(email=email, browser=browser(), lang=lang(), now=clock.now())
    return Redirect(url_for(".reset_sent"))


@bp.get("/reset/sent")
@unit(None)
def reset_sent() -> Page:
    return page("office/account/sent.html", minutes=accounts.RESET_MINUTES, secret=True)


@bp.get("/reset/<token>")
@unit(None)
def choose_password(token: str) -> Page:
    email = db.read(PLATFORM, lambda: accounts.find_reset(token, now=clock.now()))
    if email is None:
        dead = page("office/account/dead_link.html", minutes=accounts.RESET_MINUTES, secret=True)
        dead.status = 404
        return dead
    return page("office/account/choose.html", token=token, email=email, least=accounts.SHORTEST_PASSWORD, secret=True)


@bp.post("/reset/<token>")
@unit(None)
@corrects(choose_password)
def reset_password(token: str) -> Redirect:
    password = new_password(request.form)
    service.reset_password(token, password=password, browser=browser(), lang=lang(), now=clock.now())
    return Redirect(url_for(".login"), toast=_("Password changed"))
