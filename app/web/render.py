"""Answers: a view returns what to render, and rendering happens after the commit. HTMX lives here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash, g, get_flashed_messages, make_response, redirect, render_template, request
from flask_htmx import HTMX
from werkzeug.datastructures import MultiDict

htmx = HTMX()


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


@dataclass(frozen=True)
class Redirect:
    """The page to go to next, after a form was taken (303; an htmx request gets HX-Redirect)."""

    url: str
    toast: str = ""
    tone: str = "ok"  # of the toast
    cookies: tuple[Cookie, ...] = ()


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


def wants_fragment() -> bool:
    """Tell whether a part of the page is enough: a htmx request that is neither boosted nor restoring history."""
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _page(answer: Page) -> Response:
    template = answer.template
    if wants_fragment():
        template = answer.fragments.get(htmx.target or "", template)
    response = make_response(render_template(template, toast=_toast(answer), **answer.context), answer.status)
    if answer.fragments:
        response.vary.add("HX-Request")
    if answer.secret:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    g.leads_to = answer.leads_to
    return _bake(response, answer.cookies)


def _redirect(answer: Redirect) -> Response:
    if answer.toast:
        flash(answer.toast, answer.tone)
    if wants_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = answer.url
    else:
        response = make_response(redirect(answer.url, 303))
    return _bake(response, answer.cookies)


def _toast(answer: Page) -> dict[str, str] | None:
    """Return what a page says has just happened: here, or before the redirect that led to it."""
    kept = get_flashed_messages(with_categories=True)
    tone, said = ("ok", answer.toast) if answer.toast else next(iter(kept), ("ok", ""))
    return {"tone": tone, "text": str(said)} if said else None


def _bake(response: Response, cookies: tuple[Cookie, ...]) -> Response:
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
