"""Both services over HTTP at one address: who asks says by its headers whom."""

import socket
import time
from pathlib import Path

from flask import Flask, Response, jsonify, render_template, request
from jinja2 import StrictUndefined

from simulators.sms.aliyun import Aliyun
from simulators.sms.keys import ALIYUN, TENCENT, TEXTS
from simulators.sms.service import Service
from simulators.sms.tencent import Tencent
from simulators.sms.wire import Came
from simulators.test_gateway.api import add_faults, check_neighbour
from simulators.test_gateway.refusals import Refused

POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
STYLE = Path(__file__).parents[1] / "test_gateway" / "static" / "style.css"


def create_app(service: Service) -> Flask:
    """Return the web face of the services."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    app.config["MAX_CONTENT_LENGTH"] = 65_536
    _add_questions(app, service)
    _add_console(app, service)
    _add_pages(app, service)
    add_faults(app, service.faults)
    return app


def _add_questions(app: Flask, service: Service) -> None:
    aliyun, tencent = Aliyun(service), Tencent(service)

    @app.post("/")
    def ask() -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        came = Came(headers, request.query_string.decode(), request.get_data())
        is_tencent = "x-tc-action" in headers
        place = "send" if "SendSms" in (headers.get("x-tc-action"), headers.get("x-acs-action")) else "query"
        if service.faults.strike("dropped", place):
            return _cut()
        if service.faults.strike("down", place):
            return Response("Service Unavailable", 503)
        status, told = (tencent if is_tencent else aliyun).answer(came)
        if slow := service.faults.strike("slow", place):
            time.sleep(slow.seconds)
        if service.faults.strike("lost", place):
            _cut()  # and yet it was done
        answer = jsonify(told)
        answer.status_code = status
        return answer


def _add_console(app: Flask, service: Service) -> None:
    @app.post("/callbacks")
    def callbacks() -> Response:
        """Take the addresses of receipts, as a console would."""
        check_neighbour()
        wish = request.get_json(silent=True)
        if not isinstance(wish, dict) or wish.keys() - {ALIYUN, TENCENT}:
            raise Refused("bad_fault", "callbacks")
        service.callbacks.update({vendor: str(url) for vendor, url in wish.items()})
        return jsonify(service.callbacks)

    @app.get("/keys")
    def keys() -> Response:
        """Show this machine what a shop's form wants to know."""
        check_neighbour()
        texts = {vendor: {text.code: text.words for text in found.values()} for vendor, found in TEXTS.items()}
        return jsonify(vars(service.keys) | {"texts": texts})

    @app.errorhandler(Refused)
    def refused(error: Refused) -> tuple[dict[str, str], int]:
        return error.told, error.words.status


def _add_pages(app: Flask, service: Service) -> None:
    @app.get("/")
    def home() -> str:
        """Show what the phones would have shown."""
        return render_template("home.html", messages=service.book.newest())

    @app.get("/style.css")
    def style() -> Response:
        return Response(STYLE.read_bytes(), mimetype="text/css", headers={"Cache-Control": "no-cache"})

    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="ok")

    @app.after_request
    def harden(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def _cut() -> Response:
    """What is written after this reaches nobody: the shop sees the line cut without a byte."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response("")
