"""The gateway over HTTP: its one address for shops, the cashier for buyers, and the button that makes it ill."""

import socket
import time
from pathlib import Path

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response as AnyResponse

import simulators.test_gateway
from simulators.alipay.gateway import Gateway
from simulators.alipay.trades import Start, Trade
from simulators.alipay.wire import CALLS, PAGES, Problem, yuan
from simulators.test_gateway import api
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.wire import origin

STYLE = Path(simulators.test_gateway.__file__).parent / "static" / "style.css"
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action"
KEYS = ("app_private", "app_cert", "alipay_cert", "root_cert", "alipay_public")


def create_app(gateway: Gateway) -> Flask:
    """Return the web face of this gateway."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters["yuan"] = yuan
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    _add_door(app, gateway)
    _add_cashier(app, gateway)
    _add_rest(app, gateway)
    api.add_faults(app, gateway.faults)
    app.register_error_handler(Problem, _refused)
    app.register_error_handler(Refused, lambda error: make_response(error.told, error.words.status))
    app.after_request(_harden)
    return app


def _add_door(app: Flask, gateway: Gateway) -> None:
    @app.route("/gateway.do", methods=["GET", "POST"])
    def door() -> AnyResponse:
        body = request.get_data()  # before the form is read, which would leave nothing of it
        method = request.values.get("method", "")
        place = CALLS.get(method, "pay")
        if gateway.faults.strike("down", place):
            return Response("busy", 503)
        if gateway.faults.strike("dropped", place):
            _cut()
            return Response()
        try:
            asked = gateway.door.read(request.query_string, body, gateway.clock())
        except Problem as problem:
            if method in PAGES:
                raise
            return Response(_unanswered(gateway, method, problem), mimetype="application/json")
        if gateway.is_page(asked):
            return redirect(f"/cashier/{gateway.begin(asked).token}", 302)
        return _deliver(gateway.answer(asked), place, gateway)


def _unanswered(gateway: Gateway, method: str, problem: Problem) -> bytes:
    """Answer who could not be made out; an unknown application has no key that would sign for it."""
    if problem.known and method:
        return gateway.signed(method, problem.told)
    return jsonify(error_response=problem.told).get_data()


def _deliver(answer: bytes, place: str, gateway: Gateway) -> Response:
    """Return an answer to work that is done by now; it may come slowly or get lost on its way."""
    if slow := gateway.faults.strike("slow", place):
        time.sleep(slow.seconds)
    if gateway.faults.strike("lost", place):
        _cut()
    return Response(answer, content_type="text/html;charset=utf-8")


def _cut() -> None:
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _add_cashier(app: Flask, gateway: Gateway) -> None:
    @app.get("/qr/<token>")
    def scan(token: str) -> AnyResponse:
        gateway.enter(token)
        return redirect(f"/cashier/{token}", 302)

    @app.get("/cashier/<token>")
    def cashier(token: str) -> AnyResponse:
        start = gateway.start_of(token)
        return _page(start, gateway.find(start.out_trade_no), gateway)

    @app.post("/cashier/<token>")
    def settle(token: str) -> AnyResponse:
        pays = request.form.get("choice") == "pay"
        start, trade = gateway.pay(token) if pays else gateway.enter(token)
        if pays and trade.status == "TRADE_SUCCESS" and trade.return_url:
            return redirect(_way_back(start, trade, gateway), 303)
        return _page(start, trade, gateway)


def _page(start: Start, trade: Trade | None, gateway: Gateway) -> Response:
    status = trade.status if trade else "NOT_YET"
    page = make_response(render_template("cashier.html", start=start, status=status))
    back = f" {origin(start.return_url)}" if start.return_url else ""
    page.headers["Content-Security-Policy"] = f"{POLICY} 'self'{back}"
    return page


def _way_back(start: Start, trade: Trade, gateway: Gateway) -> str:
    method = "alipay.trade.wap.pay" if start.product == "wap" else "alipay.trade.page.pay"
    return gateway.voice.way_back(trade, method, gateway.clock())


def _add_rest(app: Flask, gateway: Gateway) -> None:
    @app.get("/bill/<token>")
    def bill(token: str) -> AnyResponse:
        ends, packed = gateway.downloads.get(token, (0.0, b""))
        if gateway.clock() > ends:
            return Response("expired", 404)
        return Response(packed, mimetype="application/zip")

    @app.get("/keys")
    def keys() -> Response:
        api.check_neighbour()
        given = {name: getattr(gateway.door.keys, name) for name in KEYS}
        return jsonify(app_id=gateway.door.app_id, seller_id=gateway.seller_id, **given)

    @app.get("/style.css")
    def style() -> Response:
        return Response(STYLE.read_bytes(), mimetype="text/css", headers={"Cache-Control": "no-cache"})

    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="ok")


def _refused(problem: Problem) -> Response:
    return make_response(render_template("refused.html", told=problem.told), 400)


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", f"{POLICY} 'none'")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
