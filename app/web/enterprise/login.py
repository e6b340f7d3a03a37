"""Signing in and out, and choosing for which company one acts."""

from flask import g, request

from app.accounts import service
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import public
from app.kit.tenancy import PLATFORM
from app.web.asking import browser, me
from app.web.enterprise import bp
from app.web.enterprise.acting import PATH
from app.web.forms import Form, own_path
from app.web.guard import COMPANY_COOKIE, MEMBER_COOKIE, corrects, frame, login_token, unit
from app.web.language import here
from app.web.render import Cookie, Page, Redirect, page

YEAR = 365.0


@bp.get("/login")
@unit(None)
def login() -> Page:
    return page("enterprise/login.html", next=own_path(request.values.get("next", "")), secret=True)


@bp.post("/login")
@unit(None)
@corrects(login)
def sign_in() -> Redirect:
    form = Form(request.form)
    email = form.text("email", most=254, required=True)
    password = form.fields.get("password", "")
    form.done()
    token = service.sign_in(email=email, password=password, browser=browser(), now=clock.now())
    return Redirect(_after(), cookies=(login_cookie(token),))


@bp.post("/logout")
@unit(None)
def sign_out() -> Redirect:
    token = login_token()
    db.write(PLATFORM, lambda: service.sign_out(token, now=clock.now()))
    return Redirect(here(".login"), cookies=(Cookie(MEMBER_COOKIE, "", PATH),))


@bp.get("/companies")
@unit(None)
def companies() -> Page:
    """Let somebody choose who acts for several companies, or tell that there is none."""
    me()
    chosen = request.cookies.get(COMPANY_COOKIE, "")
    return page("enterprise/companies.html", memberships=g.memberships, chosen=chosen, next=_after(), secret=True)


@bp.post("/companies")
@unit(None)
def choose() -> Redirect:
    me()
    wanted = request.form.get("company", "")
    if wanted not in {public("com", each.company_id) for each in g.memberships}:
        raise NotFound
    return Redirect(_after(), cookies=(Cookie(COMPANY_COOKIE, wanted, PATH, YEAR),))


def login_cookie(token: str) -> Cookie:
    return Cookie(MEMBER_COOKIE, token, PATH, 1)


def _after() -> str:
    """Return where to go on: the page of this shop's surface that was asked for, or the wallet."""
    wanted = own_path(request.values.get("next", ""))
    return wanted if wanted.startswith(f"{PATH}/{frame().slug}/") else here(".wallet")
