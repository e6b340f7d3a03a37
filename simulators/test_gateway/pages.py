"""The gateway over HTTP: the payment page and the faces of refusal."""

from flask import Flask, Response, make_response, redirect, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from simulators.test_gateway import api
from simulators.test_gateway.currencies import shown
from simulators.test_gateway.gateway import Gateway
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.trades import Trade
from simulators.test_gateway.wire import origin

POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action"


def create_app(gateway: Gateway) -> Flask:
    """Return the web face of this gateway."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters["shown"] = shown
    app.config["MAX_CONTENT_LENGTH"] = 16_384
    _add_buyer_routes(app, gateway)
    api.add_routes(app, gateway)
    app.before_request(lambda: _fail_when_down(gateway))
    app.after_request(_harden)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _failed)
    return app


def _add_buyer_routes(app: Flask, gateway: Gateway) -> None:
    @app.get("/pay")
    def show() -> Response:
        return _trade_page(gateway.open(request.query_string), gateway)

    @app.post("/pay/<trade_no>")
    def settle(trade_no: str) -> AnyResponse:
        choice, token = request.form.get("choice", ""), request.form.get("token", "")
        if choice not in ("pay", "cancel"):
            raise Refused("unknown_choice")
        trade = gateway.pay(trade_no, token) if choice == "pay" else gateway.cancel(trade_no, token)
        if trade.status != {"pay": "paid", "cancel": "cancelled"}[choice]:
            return _trade_page(trade, gateway, status=409)
        return redirect(trade.return_url, 303)

    @app.get("/style.css")
    def style() -> Response:
        with app.open_resource("static/style.css") as file:
            return Response(file.read(), mimetype="text/css", headers={"Cache-Control": "no-cache"})


def _fail_when_down(gateway: Gateway) -> None:
    if gateway.faults.strike("down", request.path.split("/")[1]):
        raise Refused("unavailable")


def _trade_page(trade: Trade, gateway: Gateway, status: int = 200) -> Response:
    template = "pay.html" if trade.status == "waiting" else "settled.html"
    response = make_response(render_template(template, trade=trade, token=gateway.token(trade)), status)
    # Chromium holds the redirect after a form against form-action too, so the shop's origin belongs there.
    response.headers["Content-Security-Policy"] = f"{POLICY} 'self' {origin(trade.return_url)}"
    return response


def _refused(error: Refused) -> Response:
    if request.path in api.PATHS:
        return make_response(error.told, error.words.status)
    page = render_template("refused.html", code=error.code, words=error.words, back=error.back)
    return make_response(page, error.words.status)


def _failed(error: HTTPException) -> Response:
    code = error.code or 500
    response = _refused(
        Refused("not_found" if code == 404 else "own_fault" if code >= 500 else "not_understood", str(code))
    )
    response.status_code = code
    return response


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", f"{POLICY} 'none'")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
