"""The gateway towards machines: the signed questions of shops, and the faults that tests and operators ask for."""

import socket
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request

from simulators.test_gateway.faults import Faults, read_fault
from simulators.test_gateway.gateway import Gateway, Signed
from simulators.test_gateway.refusals import Refused

PATHS = frozenset({"/query", "/close", "/refund", "/refund_query", "/faults"})


def add_routes(app: Flask, gateway: Gateway) -> None:
    """Hang up what machines ask of this gateway."""
    _add_questions(app, gateway)
    add_faults(app, gateway.faults)

    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="ok")


def _add_questions(app: Flask, gateway: Gateway) -> None:
    @app.get("/query")
    def query() -> Response:
        return _deliver("query", gateway.query(request.query_string), gateway.faults)

    @app.post("/close")
    def close() -> Response:
        return _deliver("close", gateway.close(request.get_data()), gateway.faults)

    @app.post("/refund")
    def refund() -> Response:
        return _deliver("refund", gateway.refund(request.get_data()), gateway.faults)

    @app.get("/refund_query")
    def refund_query() -> Response:
        return _deliver("refund_query", gateway.refund_query(request.query_string), gateway.faults)


def add_faults(app: Flask, faults: Faults) -> None:
    """Let whoever is on this machine say what goes wrong."""

    @app.get("/faults")
    def show_faults() -> Response:
        check_neighbour()
        return jsonify(faults=[fault.told for fault in faults.left])

    @app.post("/faults")
    def set_faults() -> Response:
        check_neighbour()
        wish = request.get_json(silent=True)
        if not isinstance(wish, dict) or set(wish) != {"faults"} or not isinstance(wish["faults"], list):
            raise Refused("bad_fault", request.get_data(as_text=True)[:80])
        faults.set([read_fault(fault, faults.places) for fault in wish["faults"]])
        return jsonify(faults=[fault.told for fault in faults.left])


def _deliver(place: str, answer: Signed, faults: Faults) -> Response:
    """Return an answer to work that is done by now; it may come slowly or get lost on its way."""
    if slow := faults.strike("slow", place):
        time.sleep(slow.seconds)
    if faults.strike("lost", place):
        # What is written after this reaches nobody: the shop sees the line cut without a byte.
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    headers = {"Test-Gateway-Timestamp": str(answer.timestamp), "Test-Gateway-Signature": answer.signature}
    return Response(answer.body, answer.status, headers, mimetype="application/json")


def check_neighbour() -> None:
    """Refuse whoever is not on this machine, came through a proxy, or is a page that a browser here shows."""
    near = _is_loopback(request.remote_addr or "") and _is_loopback(urlsplit(f"//{request.host}").hostname or "")
    if not near or "X-Forwarded-For" in request.headers or "Origin" in request.headers:
        raise Refused("faults_refused")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
