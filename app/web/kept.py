"""Pages that are the same for every visitor: drawn once for what they say, each visitor's own marks filled in.

For a moment nobody looks whether they would say something else; after that, or when a browser asks for no old copy, it
is read again, and drawn again only when it changed. What depends on the visitor beyond language, theme and the cookies
that a view names must not stand on such a page; the CSRF token and the nonce may, since they are put in afterwards.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Response, g, make_response, request, session

from app.kit import db
from app.web.headers import personal
from app.web.language import lang, theme
from app.web.render import Page, htmx, respond

View = TypeVar("View", bound=Callable[..., Any])
Key = tuple[Any, ...]
SECONDS = 3.0
ASKING = 0.5  # while one visitor's thread looks anew, others get the page that was
MOST = 256


@dataclass(frozen=True)
class Kept:
    """A page as text: what it was drawn from, and until when it is not read again."""

    said: tuple[str, Mapping[str, Any]]  # template and context: plain values, which nobody changes any more
    text: str
    vary: str
    until: float

    @property
    def is_young(self) -> bool:
        return time.monotonic() < self.until and not request.cache_control.no_cache


_pages: dict[Key, Kept] = {}


def kept(*, cookies: tuple[str, ...] = (), unless: tuple[str, ...] = ()) -> Callable[[View], View]:
    """Let a page be kept: one for each value of these cookies, none when the address has one of `unless`."""

    def mark(view: View) -> View:
        view.kept = (cookies, unless)  # type: ignore[attr-defined]
        return view

    return mark


def answered(view: Callable[..., Any], find: Callable[[], Any]) -> Response:
    """Return the answer to this request: `find` gives it, unless the view's page is kept and young."""
    key = _key(view)
    if key is None:
        return respond(find())
    kept = _pages.get(key)
    if kept is None or not kept.is_young:
        if kept:
            _pages[key] = replace(kept, until=time.monotonic() + ASKING)
        page = find()
        if not isinstance(page, Page) or page.cookies or page.toast or page.status != 200:
            return respond(page)
        kept = _keep(key, page, kept)
    response = make_response(personal(kept.text))
    response.headers["Vary"] = kept.vary
    return response


def _keep(key: Key, page: Page, before: Kept | None) -> Kept:
    """Keep a page; one that says what it said before is not drawn again."""
    said = page.template, page.context
    until = time.monotonic() + SECONDS
    if before and before.said == said:
        kept = Kept(said, before.text, before.vary, until)
    else:
        g.keeping = True
        try:
            drawn = respond(page)
        finally:
            g.keeping = False
        kept = Kept(said, drawn.get_data(as_text=True), drawn.headers.get("Vary", ""), until)
    if len(_pages) >= MOST:
        _pages.clear()
    _pages[key] = kept
    return kept


def _key(view: Callable[..., Any]) -> Key | None:
    """Return what tells one kept page from another, or None where this one is for its visitor alone."""
    cookies, unless = getattr(view, "kept", ((), None))
    if unless is None or request.method != "GET" or "_flashes" in session or g.get("member"):
        return None  # a member's page shows their bell
    if any(name in request.args for name in (*unless, "lang")):
        return None
    shown = tuple(request.cookies.get(name, "")[:100] for name in cookies)
    part = (htmx.target, bool(htmx.boosted), bool(htmx.history_restore_request)) if htmx else ()
    return (db.engine(), g.frame, request.url, lang(), theme(), part, *shown)
