"""One's own account, as at the office: the browsers one is signed in with, and one's password."""

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.accounts import queries as accounts
from app.accounts import service
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.kit.tenancy import PLATFORM
from app.web.asking import SessionShown, browser, changed_password, me
from app.web.enterprise import bp
from app.web.enterprise.login import login_cookie
from app.web.guard import corrects, login_token, unit
from app.web.language import here, lang
from app.web.render import Page, Redirect, page


@bp.get("/account")
@unit(None)
def account() -> Page:
    user, token = me(), login_token()
    seen = db.read(PLATFORM, lambda: accounts.list_sessions(user.user_id, token, now=clock.now()))
    least = accounts.SHORTEST_PASSWORD
    sessions = [SessionShown.of(session) for session in seen]
    return page("enterprise/account/account.html", email=user.email, sessions=sessions, least=least, secret=True)


@bp.post("/account/password")
@unit(None)
@corrects(account)
def change_password() -> Redirect:
    user, now = me(), clock.now()
    old, new = changed_password(request.form)
    token = service.change_password(
        user.user_id, login_token(), old=old, new=new, browser=browser(), lang=lang(), now=now
    )
    return Redirect(here(".account"), toast=_("Password changed"), cookies=(login_cookie(token),))


@bp.post("/account/sessions/<session>/end")
@unit(None)
def end_session(session: str) -> Redirect:
    user, number = me(), from_public("ses", session)
    if number is None:
        raise NotFound
    db.write(PLATFORM, lambda: service.end_session(user.user_id, number, now=clock.now()))
    return Redirect(here(".account"), toast=_("Signed out there"))


@bp.post("/account/sessions/end-others")
@unit(None)
def end_other_sessions() -> Redirect:
    user, token = me(), login_token()
    ended = db.write(PLATFORM, lambda: service.end_other_sessions(user.user_id, token, now=clock.now()))
    toast = ngettext("%(num)s browser signed out", "%(num)s browsers signed out", ended)
    return Redirect(here(".account"), toast=toast)
