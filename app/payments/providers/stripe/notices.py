"""Events: signed messages about anything in the account, of which few pay and some make us ask."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.payments.providers.base import Forged, Hint, Told, Wire
from app.payments.providers.stripe.sessions import Strange, told

OLDEST_SECONDS = 300
PAYS = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
ALARMS = {"refund.failed": "refund failed", "charge.dispute.created": "disputed"}
DISPUTE_OVER = "charge.dispute.closed"
ENDS = {"won": "dispute won", "lost": "dispute lost"}  # any other end moved no money
# What is kept of an event: no names, addresses, cards, or pages.
KEPT = ("id", "object", "type", "created", "livemode", "account", "api_version")
KEPT_OBJECT = (
    "id",
    "object",
    "status",
    "payment_status",
    "mode",
    "amount_total",
    "amount",
    "amount_refunded",
    "currency",
    "client_reference_id",
    "payment_intent",
    "charge",
    "failure_reason",
    "reason",
    "created",
)
OURS = ("trade", "payback")

Thing = Mapping[str, Any]


def verify(request: Wire, secret: str, account: str, now: datetime, *, is_live: bool) -> Told | Hint:
    """Return what an authentic event says; raises Forged."""
    if not secret:
        raise Forged("no signing secret")
    _check_signature(_header(request), request.body, secret, now)
    event = _parsed(request.body)
    if event.get("object") != "event":
        raise Forged("not understood")
    if event.get("livemode") is not is_live:
        raise Forged("another mode")
    if event.get("account", account) != account:
        raise Forged("another merchant")
    try:
        return _heard(str(event.get("type")), _thing(_thing(event, "data"), "object"), account, is_live=is_live)
    except Strange as strange:
        raise Forged(str(strange)) from strange


def _heard(name: str, thing: Thing, account: str, *, is_live: bool) -> Told | Hint:
    """Return what an event means: a payment of ours, something to ask about, or nothing of ours."""
    ours = _thing(thing, "metadata")
    trade, payback = (str(ours.get(word) or "") for word in OURS)
    if not trade:  # the account may serve others as well; a dispute names nothing but the payment
        return Hint(trade_no=str(thing.get("payment_intent") or ""), alarm=_alarm(name, thing))
    if name in PAYS and thing.get("payment_status") == "paid" and thing.get("mode") == "payment":
        if thing.get("client_reference_id") != trade:
            raise Forged("not understood")
        return told(thing, account, is_live=is_live)
    return Hint(trade, payback, alarm=_alarm(name, thing))


def _alarm(name: str, thing: Thing) -> str:
    """Return why a person must look at an event, or ""."""
    return ENDS.get(str(thing.get("status")), "dispute over") if name == DISPUTE_OVER else ALARMS.get(name, "")


def kept(request: Wire) -> str:
    """Return an event without who paid, and what cannot be read as it came."""
    try:
        event = _parsed(request.body)
    except Forged:
        return request.body.decode("utf-8", "replace")
    thing = _thing(_thing(event, "data"), "object")
    known = _plain(thing, KEPT_OBJECT) | {"metadata": _plain(_thing(thing, "metadata"), OURS)}
    return json.dumps(_plain(event, KEPT) | {"data": {"object": known}})


def _plain(thing: Thing, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: thing[name] for name in names if name in thing}
    return {name: value for name, value in values.items() if isinstance(value, str | int | float | None)}


def _check_signature(header: str, body: bytes, secret: str, now: datetime) -> None:
    """Raise Forged unless a signature is of this body and time; while a secret is being changed there are two."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    if len(stamps) != 1 or not re.fullmatch(r"[0-9]{1,12}", stamps[0]):
        raise Forged("no timestamp")
    wanted = hmac.new(secret.encode(), stamps[0].encode() + b"." + body, hashlib.sha256).hexdigest().encode()
    given = [value.encode() for name, _, value in parts if name == "v1"]
    if not any(hmac.compare_digest(wanted, one) for one in given):
        raise Forged("wrong signature")
    age = now.timestamp() - int(stamps[0])
    if age > OLDEST_SECONDS:
        raise Forged("too old")
    if age < -OLDEST_SECONDS:
        raise Forged("too new")


def _header(request: Wire) -> str:
    return next((value for name, value in request.headers.items() if name.lower() == "stripe-signature"), "")


def _parsed(body: bytes) -> Thing:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Forged("not understood") from error
    if not isinstance(event, dict):
        raise Forged("not understood")
    return event


def _thing(thing: Thing, name: str) -> Thing:
    found = thing.get(name)
    return found if isinstance(found, Mapping) else {}
