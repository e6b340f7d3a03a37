"""The path of a request: guard → parse → unit → render. A view runs in one unit that it does not see."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Request, Response, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from app.accounts import service as accounts
from app.kit import clock, crowd, db
from app.kit.errors import NotFound, Refusal
from app.kit.tenancy import PLATFORM
from app.members import service as members
from app.members.queries import MemberSeen
from app.web import guard, kept
from app.web.errors import StalePage, problems, wants_json
from app.web.render import Page

log = structlog.get_logger()
csrf = CSRFProtect()
LONGEST_BODY = 1024 * 1024
MEMBER_TOUCH = timedelta(hours=1)
SAFE = {"GET", "HEAD", "OPTIONS"}
CORRECTABLE = {"invalid": 422, "missing": 422, "conflict": 409, "throttled": 429, "busy": 503}  # by kind


class Body(Request):
    """A request whose file parts never touch the disk: forms are small, and uploads are read as a stream."""

    max_content_length = LONGEST_BODY
    max_form_parts = 200

    def _get_file_stream(self, *_: Any, **__: Any) -> Any:
        raise RequestEntityTooLarge


class Miaofa(Flask):
    """Flask with our own way through a request."""

    request_class = Body

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        with crowd.at_work():
            return super().wsgi_app(environ, start_response)

    def dispatch_request(self) -> Any:
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        rule, args = request.url_rule, dict(request.view_args or {})
        assert rule is not None
        if request.method == "OPTIONS":
            return self.make_default_options_response()
        view = self.view_functions[rule.endpoint]
        if rule.endpoint == "static":
            return view(**args)
        return go(view, guard.surface_of(rule.endpoint), args)


def go(view: Callable[..., Any], surface: str, args: dict[str, Any]) -> Response:
    """Lead one request from the guard to its answer."""
    guard.admit(view, surface, args)
    parse(view, surface)
    args.pop("shop", None)
    response = kept.answered(view, lambda: answer(view, args))
    if g.touch:
        touch()
    if member := g.get("member"):
        touch_member(member)
    return response


def answer(view: Callable[..., Any], args: dict[str, Any]) -> Any:
    """Return what a view answers, or the form that it refused."""
    try:
        return run(view, args)
    except Refusal as refusal:
        return again(view, args, refusal)


def parse(view: Callable[..., Any], surface: str) -> None:
    """Read the body once, and let nobody post from a strange page."""
    if request.method in SAFE or surface == "hooks" or getattr(view, "for_programs", False):
        return  # without a cookie there is nothing to forge
    check_origin()
    if getattr(view, "streams", False):
        return
    csrf.protect()
    request.form  # noqa: B018 (read here, so that no unit waits for a slow sender)


def check_origin() -> None:
    """Refuse a form that says it comes from elsewhere; pages that send no referrer say "null"."""
    origin = request.headers.get("Origin", "null")
    ours = {request.host, urlsplit(guard.settings().base_url).netloc}
    if origin != "null" and urlsplit(origin).netloc not in ours:
        raise StalePage


def run(view: Callable[..., Any], args: dict[str, Any]) -> Any:
    call = partial(view, **args)
    if getattr(view, "unit", "auto") is None:
        return call()
    merchant = g.frame.merchant_id if g.frame else PLATFORM
    return db.read(merchant, call) if request.method in SAFE else db.write(merchant, call)


def again(view: Callable[..., Any], args: dict[str, Any], refusal: Refusal) -> Page:
    """Return the form of a refused view with its faults and what was typed, or raise the refusal."""
    form = getattr(view, "form", None)
    if form is None or refusal.kind not in CORRECTABLE or type(refusal) is NotFound or wants_json():
        raise refusal
    page: Page = (
        form(**args) if getattr(form, "unit", "auto") is None else db.read(g.frame.merchant_id, partial(form, **args))
    )
    page.status = CORRECTABLE[refusal.kind]
    typed = g.get("typed", MultiDict()) if getattr(view, "streams", False) else request.form
    page.context |= {"problems": problems(refusal), "typed": typed}
    return page


def touch_member(member: MemberSeen) -> None:
    """Note that a member is still here, once an hour."""
    now, token = clock.now(), request.cookies.get(guard.BUYER_COOKIE, "")
    if now - member.seen_at < MEMBER_TOUCH:
        return
    try:
        db.write(g.frame.merchant_id, lambda: members.touch(token, now=now))
    except Refusal:
        log.warning("session.touch_failed")


def touch() -> None:
    """Note that the session is in use, in a unit of its own; a page is not worth less because this failed."""
    token = guard.login_token()
    try:
        db.write(PLATFORM, lambda: accounts.touch(token, now=clock.now()))
    except Refusal:
        log.warning("session.touch_failed")
