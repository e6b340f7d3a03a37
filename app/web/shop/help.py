"""Help: the one page that says how the shop works and how to reach it; and putting its notice away."""

from flask import request

from app.web.forms import own_path
from app.web.guard import NOTICE_COOKIE, frame, notice_mark, unit
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp

YEAR = 365.0


@bp.get("/help", endpoint="help")
def show_help() -> Page:
    return page("shop/help.html")


@bp.post("/notice")
@unit(None)
def put_away() -> Redirect:
    """Let this browser see the present notice no more; another text is shown again."""
    mark = notice_mark(frame().words.notice)
    return Redirect(own_path(request.form.get("next", "")), cookies=(Cookie(NOTICE_COOKIE, mark, "/", YEAR),))
