"""What people and programs see when something is refused or broken: a page, a fragment, or problem+json."""

import json
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_babel import format_decimal, gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app.kit.errors import Busy, Denied, Invalid, NotFound, Refusal, words
from app.web.guard import ChooseFirst, NoShopHere, SignInFirst, surface_of
from app.web.render import wants_fragment

log = structlog.get_logger()

STATUS = {"invalid": 422, "denied": 403, "missing": 404, "conflict": 409, "busy": 503, "throttled": 429}

TITLES = {
    403: words("Not allowed"),
    404: words("Not found"),
    405: words("Not possible this way"),
    409: words("That did not work"),
    413: words("Too large"),
    422: words("Please correct"),
    429: words("Too many tries"),
    500: words("Our mistake"),
    503: words("Busy"),
}
OTHER = words("That did not work")
GONE = {403, 404, 410}
LOGIN_IN_SHOP = {"enterprise": "enterprise.login", "shop": ".welcome"}  # each shop has its own


class StalePage(Refusal):
    kind = "conflict"
    message = words("This page has expired.")
    mend = words("Reload it and send the form again; nothing was changed.")


class TooLarge(Refusal):
    kind = "invalid"
    message = words("That was too large to take.")
    mend = words("Send less at once.")


class Broken(Refusal):
    message = words("Something went wrong on our side.")
    mend = words("Try again. If it keeps happening, tell the shop this number: {request_id}.")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id


class NotUnderstood(Refusal):
    kind = "invalid"
    message = words("This request could not be understood.")
    mend = words("Go back and try again from the page.")


def register(app: Flask) -> None:
    """Give every failure its face."""
    app.register_error_handler(Refusal, lambda error: face(error, STATUS[error.kind]))
    app.register_error_handler(CSRFError, lambda _: face(StalePage(), 409))
    app.register_error_handler(SignInFirst, _sign_in)
    app.register_error_handler(ChooseFirst, _choose)
    app.register_error_handler(NoShopHere, _no_shop)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(Exception, _bug)


def say(refusal: Refusal) -> str:
    """Return what a refusal says, in the reader's language."""
    return str(gettext(refusal.message)).format(**_figures(refusal))


def mend(refusal: Refusal) -> str:
    """Return how to mend it, in the reader's language; may be empty."""
    return str(gettext(refusal.mend)).format(**_figures(refusal)) if refusal.mend else ""


def _figures(refusal: Refusal) -> dict[str, Any]:
    """Return what fills the words of a refusal: its figures written as pages write them."""
    return {name: format_decimal(value) if type(value) is int else value for name, value in vars(refusal).items()}


def say_all(refusal: Refusal) -> str:
    """Return what a refusal says and how to mend it; Chinese puts no space between sentences."""
    said, how = say(refusal), mend(refusal)
    return f"{said}{how}" if said.endswith(("。", "！", "？")) else f"{said} {how}".strip()


def problems(refusal: Refusal) -> dict[str, str]:
    """Return what is wrong with a form, by field; "" stands for the form as a whole."""
    if isinstance(refusal, Invalid):
        return {name: say_all(fault) for name, fault in refusal.fields.items()}
    return {"": say_all(refusal)}


def face(refusal: Refusal, status: int) -> Response:
    """Return the refusal as its reader needs it."""
    if wants_json():
        response = problem(refusal, status)
    else:
        template = "errors/_fragment.html" if wants_fragment() else "errors/page.html"
        title = gettext(TITLES.get(status, OTHER))
        response = make_response(
            render_template(template, status=status, title=title, **_said(refusal), **_way_home()), status
        )
    if refusal.kind in {"busy", "throttled"}:
        response.headers["Retry-After"] = "5" if refusal.kind == "busy" else "60"
    if isinstance(refusal, StalePage) and wants_fragment():
        response.headers |= {"HX-Retarget": "#page-alert", "HX-Reswap": "innerHTML"}
    if status in GONE and request.method == "GET" and wants_fragment():
        response.headers["HX-Redirect"] = request.full_path.rstrip("?")  # there the whole page says why
    response.headers["Cache-Control"] = "no-store"
    return response


def _said(refusal: Refusal) -> dict[str, Any]:
    return {"detail": say(refusal), "mend": mend(refusal), "request_id": g.get("request_id", "")}


def _way_home() -> dict[str, str]:
    """Return where a member of a company goes on from an error; everybody else goes to the front of the house."""
    frame = g.get("frame") if surface_of(request.endpoint or "") == "enterprise" else None
    return {"home": url_for("enterprise.wallet", shop=frame.slug)} if frame else {}


def problem(refusal: Refusal, status: int) -> Response:
    """Return the refusal as RFC 9457 problem+json."""
    body: dict[str, Any] = {
        "type": f"urn:miaofa:problem:{refusal.code}",
        "title": gettext(TITLES.get(status, OTHER)),
        "status": status,
        "detail": say_all(refusal),
        "code": refusal.code,
        "request_id": g.get("request_id", ""),
    }
    if isinstance(refusal, Invalid):
        body["errors"] = [
            {"field": name, "code": fault.code, "detail": say(fault)} for name, fault in refusal.fields.items()
        ]
    response = make_response(json.dumps(body, ensure_ascii=False), status)
    response.content_type = "application/problem+json"
    return response


def wants_json() -> bool:
    """Tell whether a program asks: machine surfaces, or an Accept that prefers JSON to pages."""
    view = current_app.view_functions.get(request.endpoint or "")
    if surface_of(request.endpoint or "") in {"hooks", "api"} or getattr(view, "for_programs", False):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best in {"application/json", "application/problem+json"}


def _sign_in(_: SignInFirst) -> Response:
    surface, args = surface_of(request.endpoint or ""), request.view_args or {}
    shop = {"shop": args["shop"]} if surface in LOGIN_IN_SHOP and "shop" in args else {}
    return _first(url_for(LOGIN_IN_SHOP.get(surface, "office.login"), next=_back(), **shop))


def _choose(_: ChooseFirst) -> Response:
    return _first(url_for("enterprise.companies", shop=(request.view_args or {})["shop"], next=_back()))


def _back() -> str | None:
    """Return the address to come back to afterwards; a form is not sent again by itself."""
    return request.full_path.rstrip("?") if request.method == "GET" else None


def _first(url: str) -> Response:
    """Lead to a page that must come before this one."""
    if wants_json():
        return problem(Denied("login"), 401)
    if wants_fragment():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url
        return response
    return make_response("", 302, {"Location": url, "Cache-Control": "no-store"})


def _no_shop(error: NoShopHere) -> Response:
    if wants_json():
        return problem(NotFound(), 404)
    return make_response(render_template("errors/no_shop.html", any_shop=error.any_shop), 404)


def _http(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400:
        return error  # a redirect of the router
    refusals = {404: NotFound, 413: TooLarge}
    refusal = refusals.get(code, NotUnderstood)() if code < 500 else Broken(g.get("request_id", ""))
    response = face(refusal, code)
    if code == 405:
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    return response


def _database_away(error: OperationalError) -> Response:
    log.error("database.away", error=type(error.orig).__name__, request_id=g.get("request_id", ""))
    return face(Busy(), 503)


def _bug(error: Exception) -> Response:
    """Log a bug without its locals or arguments, which may hold secrets, and show a number instead of a trace."""
    log.error("request.broken", error=type(error).__name__, where=_where(error), request_id=g.get("request_id", ""))
    return face(Broken(g.get("request_id", "")), 500)


def _where(error: BaseException) -> list[str]:
    """Return file, line and function of each frame: a trace that can hold no plaintext."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/app/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-12:]
