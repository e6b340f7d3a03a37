"""Receipts: carriers tell what became of messages, at an address that nobody else knows."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from flask import Response, request

from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.messages import queries, service
from app.messages.queries import (
    Account,
    Forged,
    Greets,
    Line,
    Provider,
    Receipt,
    Reply,
    TellsReceipts,
    WantsConsent,
    Wire,
)
from app.web.guard import unit
from app.web.hooks import bp

LONGEST = 1024 * 1024  # a thousand receipts of two carriers at once
REFUSED = Reply(400, "not understood")


@dataclass(frozen=True)
class Teller:
    """A carrier that tells us something."""

    merchant_id: int
    carrier_id: UUID
    party: Provider
    account: Account


@bp.route("/hooks/messages/<token>", methods=["GET", "POST"])
@unit(None)
def receipts(token: str) -> Response:
    teller = _teller(token)
    request.max_content_length = LONGEST
    came = Wire(
        dict(request.headers), request.get_data(), request.query_string.decode("utf-8", "replace"), request.method
    )
    try:
        said = _greeted(teller, came) or _take(teller, came)
    except Forged:
        said = REFUSED
    return Response(said.body, said.status, content_type=said.content_type)


@bp.get("/hooks/messages/<token>/probe")
@unit(None)
def probe_receipts(token: str) -> Response:
    """Let a self-test see that this address is reached from outside."""
    _teller(token)
    return Response("here", content_type="text/plain; charset=utf-8")


def _teller(token: str) -> Teller:
    address = db.read(System("receipts"), lambda: merchants.find_address("receipts", token))
    if address is None:
        raise NotFound
    number = UUID(address.target)
    line = db.read(address.merchant_id, lambda: _line_of(number, token))
    return Teller(address.merchant_id, number, queries.provider(line.provider), line.account)


def _line_of(number: UUID, token: str) -> Line:
    if not queries.is_heard(number, token, now=clock.now()):
        raise NotFound
    return queries.way_of(number)


def _greeted(teller: Teller, came: Wire) -> Reply | None:
    if came.method == "GET" and isinstance(teller.party, Greets):
        return teller.party.greet(came, teller.account)
    return None


def _take(teller: Teller, came: Wire) -> Reply:
    """Take in what a carrier tells, all of it or nothing, and say in its own words that we have it."""
    if not isinstance(teller.party, TellsReceipts):
        raise NotFound
    now = clock.now()
    told: list[Receipt] = list(teller.party.receipts(came, teller.account, now))
    consents = teller.party.consents(came, teller.account) if isinstance(teller.party, WantsConsent) else ()
    if consents:
        db.write(teller.merchant_id, partial(service.record_consents, consents))
    if told:
        db.write(teller.merchant_id, partial(service.record_receipts, teller.carrier_id, told, now=now))
    return teller.party.accepted
