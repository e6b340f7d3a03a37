"""Stripe towards buyers: the payment page, plain and marked as a simulator."""

import hmac
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response as AnyResponse

from simulators.stripe import api
from simulators.stripe.gateway import Gateway
from simulators.stripe.wire import WHOLE_HUNDREDS, ZERO_DECIMAL, ApiError

POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action"


def create_app(gateway: Gateway) -> Flask:
    """Return the web face of this Stripe."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    app.config["MAX_CONTENT_LENGTH"] = 65_536
    _add_page(app, gateway)
    api.add_routes(app, gateway)
    app.after_request(_harden)
    app.register_error_handler(ApiError, _refused)
    return app


def _add_page(app: Flask, gateway: Gateway) -> None:
    @app.get("/c/pay/<number>")
    def show(number: str) -> Response:
        return _page(gateway, number)

    @app.post("/c/pay/<number>")
    def settle(number: str) -> AnyResponse:
        if not hmac.compare_digest(request.form.get("token", "").encode(), gateway.token(number).encode()):
            raise ApiError(403, "The form has expired.")
        choice = request.form.get("choice", "")
        session = gateway.session(gateway._owner(number), number)
        if choice in ("pay", "later"):
            session = gateway.pay(number, later=choice == "later")
            if session["status"] != "complete":
                return _page(gateway, number, status=409)
            return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", number), 303)
        if choice == "back":
            return redirect(session["cancel_url"] or session["success_url"], 303)
        return _page(gateway, number, declined=True)

    @app.get("/style.css")
    def style() -> Response:
        with app.open_resource("static/style.css") as file:
            return Response(file.read(), mimetype="text/css", headers={"Cache-Control": "no-cache"})


def _page(gateway: Gateway, number: str, *, status: int = 200, declined: bool = False) -> Response:
    session = gateway.session(gateway._owner(number), number)
    told = {"session": session, "amount": _shown(session["amount_total"], session["currency"].upper())}
    page = render_template("pay.html", token=gateway.token(number), declined=declined, **told)
    response = make_response(page, status)
    back = urlsplit(session["success_url"])
    # Chromium holds the redirect after a form against form-action too, so the shop's origin belongs there.
    response.headers["Content-Security-Policy"] = f"{POLICY} 'self' {back.scheme}://{back.netloc}"
    return response


def _shown(amount: int, currency: str) -> str:
    if currency in ZERO_DECIMAL:
        return f"{amount:,}"
    return f"{amount // 100:,}" if currency in WHOLE_HUNDREDS else f"{amount // 100:,}.{amount % 100:02d}"


def _refused(error: ApiError) -> Response:
    return make_response(render_template("refused.html", words=error.body["error"]["message"]), error.status)


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", f"{POLICY} 'none'")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
