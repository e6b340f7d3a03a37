"""Both vendors over HTTP at one address, told apart by their headers; below `/_sim` who tests looks and disturbs."""

import json
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, request

from simulators.sms.aliyun import Aliyun
from simulators.sms.book import FAULTS, Book
from simulators.sms.tencent import Tencent


def create_app(book: Book, aliyun: Aliyun, tencent: Tencent) -> Flask:
    """Return the application."""
    app = Flask(__name__)

    @app.post("/")
    def ask() -> Response:
        if book.goes_wrong("down"):
            return Response("down", 503)
        if book.goes_wrong("lost_before"):
            return _lost()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            if "x-tc-action" in headers:
                status, said = tencent.answer(headers, request.get_data())
            elif "x-acs-action" in headers:
                query = request.query_string.decode()
                status, said = aliyun.answer("POST", request.path, query, headers, request.get_data())
            else:
                return Response("neither vendor knows this request", 404)
        except ConnectionError:
            return _lost()
        return Response(json.dumps(said, ensure_ascii=False), status, content_type="application/json; charset=utf-8")

    _add_back_room(app, book)
    return app


def _add_back_room(app: Flask, book: Book) -> None:
    """Let who tests look and disturb."""

    @app.get("/_sim/messages")
    def messages() -> list[dict[str, Any]]:
        return [asdict(sent) for sent in book.sent]

    @app.post("/_sim/faults")
    def disturb() -> tuple[dict[str, Any], int]:
        name, times = str(request.json["name"]), int(request.json.get("times", 1))
        if name not in FAULTS:
            return {"error": f"there are: {', '.join(sorted(FAULTS))}"}, 422
        book.faults[name] = times
        return dict(book.faults), 200

    @app.post("/_sim/callbacks")
    def call_back() -> dict[str, str]:
        book.callbacks |= {str(vendor): str(url) for vendor, url in request.json.items()}
        return book.callbacks

    @app.post("/_sim/texts")
    def approve() -> dict[str, str]:
        book.texts |= {str(code): str(text) for code, text in request.json.items()}
        return book.texts


def _lost() -> Response:
    """End the connection in place of an answer."""
    request.environ["werkzeug.socket"].close()
    return Response("")
