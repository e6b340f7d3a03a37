"""Headers every answer carries: a strict policy with a nonce, no sniffing, no framing, no referrer to strangers."""

import secrets
import time
import uuid

import structlog
from flask import Flask, Response, g, request
from flask_wtf.csrf import generate_csrf

from app.web.agents import is_machine

log = structlog.get_logger()
ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
OPENS = {
    "token",
    "link",
    "ticket",
    "claim",
    "gift",
}  # an address with one opens something: its answer is told nobody else
# A private character stands in no other text.
TOKEN, NONCE, ONCE = "\ue000token\ue000", "\ue000nonce\ue000", "\ue000once\ue000"
NOWHERE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


def register(app: Flask) -> None:
    """Prepare each request and dress each answer."""
    app.before_request(_prepare)
    app.after_request(_dress)


def csp_nonce() -> str:
    """Return this answer's nonce for scripts, or what stands for everybody's on a page that is being kept."""
    return NONCE if g.keeping else g.nonce


def csrf_token() -> str:
    """Return the visitor's token for forms, or what stands for everybody's on a page that is being kept."""
    return TOKEN if g.keeping else generate_csrf()


def form_key() -> str:
    """Return a key by which a form that is sent twice is known, or what stands for everybody's on such a page."""
    return ONCE if g.keeping else str(uuid.uuid4())


def personal(text: str) -> str:
    """Return a kept page with this visitor's own token, nonce and key of its form in it."""
    return text.replace(TOKEN, generate_csrf()).replace(NONCE, g.nonce).replace(ONCE, str(uuid.uuid4()))


def _prepare() -> None:
    g.began = time.perf_counter()
    g.request_id = secrets.token_hex(8)
    g.nonce = secrets.token_urlsafe(16)
    g.frame = g.actor = g.signed_in = g.member = None
    g.touch = g.keeping = False
    g.memberships = ()
    g.leads_to = ()
    g.tells_origin = False
    g.camera = ""


def _dress(response: Response) -> Response:
    headers = response.headers
    headers.extend(ALWAYS)
    headers.add("Permissions-Policy", f"camera=({g.get('camera', '')}), geolocation=(), microphone=(), payment=()")
    if "Content-Security-Policy" not in headers:
        headers.add("Content-Security-Policy", _policy())
    headers.add("X-Request-Id", g.get("request_id", ""))
    headers.setdefault("Referrer-Policy", "same-origin")
    if OPENS & (request.view_args or {}).keys():
        headers |= NOWHERE
    if g.get("tells_origin"):
        headers["Referrer-Policy"] = "strict-origin"  # which shop, never which page
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "private, no-cache")
    _log(response)
    return response


def _policy() -> str:
    forms, nonce = " ".join(("'self'", *g.get("leads_to", ()))), g.get("nonce", "")
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:;"
        f" connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action {forms};"
        " frame-ancestors 'none'; base-uri 'none'"
    )


def _log(response: Response) -> None:
    """Write the route, never the path: paths hold tokens."""
    if request.endpoint == "static":
        return
    log.info(
        "request",
        method=request.method,
        route=str(request.url_rule or "-"),
        status=response.status_code,
        ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1),
        id=g.get("request_id", ""),
        visitor="machine" if is_machine(request.headers.get("User-Agent", ""), request.method) else "browser",
    )
