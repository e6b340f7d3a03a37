"""Answers: a view returns what to render, and rendering happens after the commit. HTMX lives here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash, g, get_flashed_messages, make_response, redirect, render_template, request
from flask_htmx import HTMX
from werkzeug.datastructures import MultiDict

from app.web.headers import NOWHERE

htmx = HTMX()
FOR_EVER, A_MINUTE, MINE = "public, max-age=31536000, immutable", "public, max-age=60", "private, no-cache"
NEWS = 286  # what htmx takes as the end of asking again


@dataclass(frozen=True)
class Cookie:
    """A cookie to set, or to remove when the value is empty; always HttpOnly, Lax, and Secure under https."""

    name: str
    value: str
    path: str
    days: float = 0.0


@dataclass
class Page:
    """A page, or one of its fragments when htmx asks for that id."""

    template: str
    fragments: Mapping[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    toast: str = ""
    cookies: tuple[Cookie, ...] = ()
    leads_to: tuple[str, ...] = ()  # where its forms may end, beside ourselves
    secret: bool = False  # shows a code, a token or somebody's data: kept nowhere
    is_news: bool = False  # answers a page that asked again and again until now
    camera: bool = False  # may ask for the camera, to scan a code
    tells_origin: bool = False  # leads to somebody who must hear which shop a browser comes from


@dataclass(frozen=True)
class Redirect:
    """The page to go to next, after a form was taken (303; an htmx request gets HX-Redirect)."""

    url: str
    toast: str = ""
    tone: str = "ok"  # of the toast
    cookies: tuple[Cookie, ...] = ()
    tells_origin: bool = False


def page(template: str, *, fragments: Mapping[str, str] | None = None, secret: bool = False, **context: Any) -> Page:
    """Return a page to be rendered after the commit; `problems` and `typed` are there for its forms."""
    base: dict[str, Any] = {"problems": {}, "typed": MultiDict()}
    return Page(template, fragments or {}, base | context, secret=secret)


def respond(answer: Page | Redirect | Response | str) -> Response:
    """Turn what a view returned into a response."""
    if isinstance(answer, Redirect):
        return _redirect(answer)
    if isinstance(answer, Page):
        return _page(answer)
    return make_response(answer)


def fixed(content: bytes, media: str, kept: str) -> Response:
    """Return a picture, kept for as long as said; nothing in it may act, whoever drew it."""
    response = Response(content, content_type=media)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response.headers["Cache-Control"] = kept
    response.add_etag()
    response.make_conditional(request)
    return response


def unchanged() -> Response:
    """Answer a page that asked for news that there is none: it stays as it is."""
    return Response(status=204, headers={"Vary": "HX-Request"})


def wants_fragment() -> bool:
    """Tell whether a part of the page is enough: a htmx request that is neither boosted nor restoring history."""
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _page(answer: Page) -> Response:
    template, status = answer.template, answer.status
    if wants_fragment():
        template = answer.fragments.get(htmx.target or "", template)
        status = NEWS if answer.is_news else status
    toast = _toast(answer)
    response = make_response(render_template(template, toast=toast, **answer.context), status)
    if toast and template != answer.template:
        response.headers["HX-Trigger"] = json.dumps({"toast": toast})  # ASCII, as headers have to be
    if answer.fragments:
        response.vary.add("HX-Request")
    if answer.secret:
        response.headers |= NOWHERE
    g.tells_origin = answer.tells_origin
    g.leads_to, g.camera = answer.leads_to, "self" if answer.camera else ""
    return set_cookies(response, answer.cookies)


def _redirect(answer: Redirect) -> Response:
    if answer.toast:
        flash(answer.toast, answer.tone)
    if wants_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = answer.url
    else:
        response = make_response(redirect(answer.url, 303))
    g.tells_origin = answer.tells_origin
    return set_cookies(response, answer.cookies)


def _toast(answer: Page) -> dict[str, str] | None:
    """Return what a page says has just happened: here, or before the redirect that led to it."""
    kept = get_flashed_messages(with_categories=True)
    tone, said = ("ok", answer.toast) if answer.toast else next(iter(kept), ("ok", ""))
    return {"tone": tone, "text": str(said)} if said else None


def set_cookies(response: Response, cookies: tuple[Cookie, ...]) -> Response:
    """Set and remove cookies with an answer."""
    for cookie in cookies:
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=round(cookie.days * 86400) if cookie.value else 0,
            path=cookie.path,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response
