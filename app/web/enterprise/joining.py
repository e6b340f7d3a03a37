"""Following an invite: a new password, the one of an account that is there, or one click when one is signed in.

Mail scanners open links, so opening one uses nothing up; only the form does.
"""

from flask import g, request

from app.accounts import queries as accounts
from app.companies import queries, service
from app.companies.queries import Invitation
from app.kit import clock, db
from app.kit.errors import Invalid, Required
from app.kit.ids import public
from app.web.asking import browser, new_password
from app.web.enterprise import bp
from app.web.enterprise.acting import PATH
from app.web.enterprise.login import YEAR, login_cookie
from app.web.guard import COMPANY_COOKIE, corrects, frame, unit
from app.web.language import here
from app.web.render import Cookie, Page, Redirect, page


@bp.get("/join/<token>")
@unit(None)
def invitation(token: str) -> Page:
    found = _find(token)
    if found is None:
        dead = page("enterprise/dead_invite.html", days=queries.INVITE_DAYS, secret=True)
        dead.status = 404
        return dead
    return page(
        "enterprise/join.html",
        token=token,
        invitation=found,
        signed_in=is_me(found),
        least=accounts.SHORTEST_PASSWORD,
        secret=True,
    )


@bp.post("/join/<token>")
@unit(None)
@corrects(invitation)
def join(token: str) -> Redirect:
    found, merchant_id, now = _find(token), frame().merchant_id, clock.now()
    cookies: tuple[Cookie, ...] = ()
    if found is not None and is_me(found):
        user_id = g.signed_in.user_id
        db.write(merchant_id, lambda: service.join(token, user_id=user_id, now=now))
    else:
        password = _password(found)
        cookies = (login_cookie(service.accept(merchant_id, token, password=password, browser=browser(), now=now)),)
    acts_for = (Cookie(COMPANY_COOKIE, public("com", found.company_id), PATH, YEAR),) if found else ()
    return Redirect(here(".wallet"), cookies=cookies + acts_for)


def _password(found: Invitation | None) -> str:
    """Return the password as it was typed: once where there is an account, twice for a new one."""
    if found is None or found.user_id is None:
        return new_password(request.form)
    if not request.form.get("password"):
        raise Invalid({"password": Required()})
    return request.form["password"]


def _find(token: str) -> Invitation | None:
    return db.read(frame().merchant_id, lambda: queries.find_invitation(token, now=clock.now()))


def is_me(found: Invitation) -> bool:
    """Tell whether the person of an invite is the one who is signed in here."""
    return g.signed_in is not None and g.signed_in.user_id == found.user_id
