"""Stripe towards machines: the API of shops under their keys, and the faults that tests and operators ask for."""

import hashlib
import json
import socket
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request

from simulators.stripe.faults import BadFault, read_fault
from simulators.stripe.gateway import Caller, Gateway
from simulators.stripe.wire import ApiError, read_form, read_key

LISTS = {
    "checkout/sessions": "session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "balance_transactions": "balance_transaction",
    "webhook_endpoints": "webhook_endpoint",
}
Work = Callable[[Caller, dict[str, Any]], dict[str, Any]]


def add_routes(app: Flask, gateway: Gateway) -> None:
    """Hang up what machines ask of Stripe."""
    _add_sessions(app, gateway)
    _add_refunds(app, gateway)
    _add_lists(app, gateway)
    _add_faults(app, gateway)

    @app.get("/v1/account")
    def account() -> Response:
        return _asked(gateway, "account", lambda who, given: _account(who))

    @app.post("/v1/webhook_endpoints")
    def add_endpoint() -> Response:
        return _told(gateway, "lists", gateway.add_endpoint)

    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="ok")


def _add_sessions(app: Flask, gateway: Gateway) -> None:
    @app.post("/v1/checkout/sessions")
    def open_session() -> Response:
        return _told(gateway, "start", gateway.open_session)

    @app.get("/v1/checkout/sessions/<number>")
    def session(number: str) -> Response:
        return _asked(gateway, "session", lambda who, given: gateway.session(who, number))

    @app.post("/v1/checkout/sessions/<number>/expire")
    def expire(number: str) -> Response:
        return _told(gateway, "expire", lambda who, given: gateway.expire(who, number))


def _add_refunds(app: Flask, gateway: Gateway) -> None:
    @app.post("/v1/refunds")
    def refund() -> Response:
        return _told(gateway, "refund", gateway.refund)

    @app.get("/v1/refunds")
    def refunds() -> Response:
        return _asked(gateway, "refunds", lambda who, given: _page(gateway, who, "refund", given))

    @app.get("/v1/refunds/<number>")
    def one_refund(number: str) -> Response:
        return _asked(gateway, "refunds", lambda who, given: _find(gateway, who, "refund", number))


def _add_lists(app: Flask, gateway: Gateway) -> None:
    @app.get("/v1/<path:name>")
    def listed(name: str) -> Response:
        kind = LISTS.get(name, "")
        if not kind:
            return _failed(ApiError(404, f"Unrecognized request URL (GET: /v1/{name})."))
        return _asked(gateway, "lists", lambda who, given: _page(gateway, who, kind, given))


def _account(who: Caller) -> dict[str, Any]:
    return {"id": who.account, "object": "account", "charges_enabled": True}


def _find(gateway: Gateway, who: Caller, kind: str, number: str) -> dict[str, Any]:
    thing = gateway.book.find(who.account, kind, number)
    if thing is None:
        raise ApiError(404, f"No such {kind}: {number}", code="resource_missing")
    return thing


def _page(gateway: Gateway, who: Caller, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of a list, newest first."""
    things = gateway.book.list_of(who.account, kind)
    if "payment_intent" in given:
        things = [thing for thing in things if thing.get("payment_intent") == given["payment_intent"]]
    created = given.get("created")
    if isinstance(created, dict):
        low, high = int(created.get("gte", 0)), int(created.get("lt", 2**62))
        things = [thing for thing in things if low <= thing["created"] < high]
    if after := given.get("starting_after"):
        place = [thing["id"] for thing in things].index(after)
        things = things[place + 1 :]
    limit = int(given.get("limit", 10))
    shown = [{name: value for name, value in thing.items() if name != "secret"} for thing in things[:limit]]
    return {"object": "list", "url": request.path, "data": shown, "has_more": len(things) > limit}


# Asking and answering --------------------------------------------------------------------------------------------


def _asked(gateway: Gateway, place: str, work: Work) -> Response:
    """Answer a question."""
    given = read_form(request.query_string.decode())
    try:
        who = _enter(gateway, place)
        found = _expanded(gateway, who, work(who, given), given.get("expand"))
        return _sent(gateway, place, 200, _shown(found))
    except ApiError as error:
        return _failed(error)


def _told(gateway: Gateway, place: str, work: Work) -> Response:
    """Carry out a change, once for each key."""
    try:
        given = read_form(request.get_data(as_text=True))
        who = _enter(gateway, place)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > 255:
            raise ApiError(400, "Idempotency key is longer than 255 characters.", kind="idempotency_error")
        if key and (before := _before(gateway, who, key, given)):
            return before
        status, body = _done(gateway, place, work, who, given, key)
    except ApiError as error:
        return _failed(error)
    return _sent(gateway, place, status, body)


def _before(gateway: Gateway, who: Caller, key: str, given: Mapping[str, Any]) -> Response | None:
    asked = hashlib.sha256(f"{request.path} {json.dumps(given, sort_keys=True)}".encode()).hexdigest()
    known = gateway.book.begin(who.account, key, asked, gateway.now)
    if known is None:
        return None
    if known[0] != asked:
        message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        raise ApiError(400, message, kind="idempotency_error")
    if known[1] is None:
        message = "There is currently another in-progress request using this Idempotent Key."
        raise ApiError(409, message, code="idempotency_key_in_use", kind="idempotency_error")
    response = _answer(known[1], known[2])
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _done(
    gateway: Gateway, place: str, work: Work, who: Caller, given: dict[str, Any], key: str
) -> tuple[int, dict[str, Any]]:
    try:
        with gateway.book.open():
            status, body = 200, _shown(work(who, given))
    except ApiError as error:
        if key:
            gateway.book.end(who.account, key, (error.status, json.dumps(error.body)) if error.kept else None)
        raise
    if gateway.faults.strike("broken", place):
        status, body = 500, {"error": {"type": "api_error", "message": "An unknown error occurred"}}
    if key:
        gateway.book.end(who.account, key, (status, json.dumps(body)))
    return status, body


def _enter(gateway: Gateway, place: str) -> Caller:
    """Return who asks, unless something is wrong before anything is done."""
    if gateway.faults.strike("cut", place):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ApiError(503, "nobody hears this")
    if gateway.faults.strike("down", place):
        raise ApiError(503, "Service unavailable", kind="api_error")
    if gateway.faults.strike("throttled", place):
        raise ApiError(429, "Too many requests", code="rate_limit")
    who = gateway.caller(read_key(dict(request.headers)), request.host_url.rstrip("/"))
    if gateway.faults.strike("forbidden", place):
        raise ApiError(403, "The provided key does not have the required permissions for this endpoint.")
    return who


def _expanded(gateway: Gateway, who: Caller, thing: dict[str, Any], wish: object) -> dict[str, Any]:
    """Put objects in the place of their numbers, as asked for."""
    for path in wish.values() if isinstance(wish, dict) else ():
        steps = str(path).split(".")
        rows = thing["data"] if steps[0] == "data" else [thing]
        for row in rows:
            _expand(gateway, who, row, [step for step in steps if step != "data"])
    return thing


def _expand(gateway: Gateway, who: Caller, row: dict[str, Any], steps: list[str]) -> None:
    for step in steps:
        number = row.get(step)
        if isinstance(number, str):
            kinds = ("payment_intent", "charge", "refund", "balance_transaction")
            found = (gateway.book.find(who.account, kind, number) for kind in kinds)
            row[step] = next((thing for thing in found if thing), number)
        if not isinstance(row.get(step), dict):
            return
        row = row[step]


def _sent(gateway: Gateway, place: str, status: int, body: Mapping[str, Any]) -> Response:
    """Return an answer to work that is done by now; it may come slowly or get lost on its way."""
    if slow := gateway.faults.strike("slow", place):
        time.sleep(slow.seconds)
    if gateway.faults.strike("lost", place):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return _answer(status, json.dumps(body))


def _shown(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if name != "simulated"}


def _failed(error: ApiError) -> Response:
    return _answer(error.status, json.dumps(error.body))


def _answer(status: int, body: str) -> Response:
    return Response(body, status, mimetype="application/json")


# Faults ----------------------------------------------------------------------------------------------------------


def _add_faults(app: Flask, gateway: Gateway) -> None:
    @app.route("/faults", methods=["GET", "POST"])
    def faults() -> Response:
        if not _is_neighbour():
            return _failed(ApiError(403, "Faults are asked for on this machine only."))
        if request.method == "POST":
            wish = request.get_json(silent=True)
            try:
                wanted = wish["faults"] if isinstance(wish, dict) else None
                gateway.faults.set([read_fault(fault) for fault in wanted or ()])
            except (BadFault, KeyError, TypeError) as error:
                return _failed(ApiError(400, str(error)))
        return jsonify(faults=[fault.told for fault in gateway.faults.left])


def _is_neighbour() -> bool:
    """Tell whether somebody on this machine asks, not through a proxy, and no page in a browser."""
    near = _is_loopback(request.remote_addr or "") and _is_loopback(urlsplit(f"//{request.host}").hostname or "")
    return near and "X-Forwarded-For" not in request.headers and "Origin" not in request.headers


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
