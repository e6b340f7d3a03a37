"""Notices of payments."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.gather import Gather
from app.kit.recent import Recent
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.payments import queries, service
from app.payments.queries import Wire
from app.web.guard import unit
from app.web.hooks import bp

log = structlog.get_logger()
_channels: Recent[queries.Channel] = Recent()


@bp.route("/hooks/<token>", methods=["GET", "POST"])
@unit(None)
def notice(token: str) -> Response:
    address = db.read(System("hook"), lambda: merchants.find_address("hook", token))
    if address is None:
        raise NotFound
    channel = db.read(address.merchant_id, lambda: channel_of(UUID(address.target)))
    request.max_content_length = service.LONGEST_BODY
    try:
        arrived = service.verify(channel, _wire(), now=clock.now())
    except RequestEntityTooLarge:
        db.write(address.merchant_id, lambda: service.apply([service.too_large(channel, now=clock.now())]))
        raise
    believed = take(address.merchant_id, arrived)
    said = service.reply(channel, believed=believed)
    return Response(said.body, said.status, content_type=said.content_type)


@bp.get("/hooks/<token>/probe")
@unit(None)
def probe(token: str) -> Response:
    """Let a self-test see that this address is reached from outside."""
    if db.read(System("hook"), lambda: merchants.find_address("hook", token)) is None:
        raise NotFound
    return Response("here", content_type="text/plain; charset=utf-8")


def _wire() -> Wire:
    query = request.query_string.decode("utf-8", "replace")
    return Wire(dict(request.headers), request.get_data(), query, request.method)


def channel_of(method_id: UUID) -> queries.Channel:
    """Return the line to a gateway, at most a few seconds old: unsealing its key costs as much as a notice."""
    found = _channels.find((db.merchant_id(), method_id), lambda: queries.get_channel(method_id))
    assert found is not None
    return found


def take(merchant_id: int, arrived: service.Arrived) -> bool:
    """Record the money first, and tell whether the gateway may stop telling us."""
    together.ask(merchant_id, arrived)
    return arrived.is_authentic


def take_all(merchant_id: int, arrived: Sequence[service.Arrived]) -> list[None]:
    """Let notices count together, or in a rush keep them together; where that fails each is taken alone."""
    try:
        db.write(merchant_id, lambda: (service.store if service.is_rush(arrived) else service.apply)(arrived))
    except Exception:
        log.exception("notice.not_applied", merchant=merchant_id, notices=len(arrived))
        for one in arrived:
            take_one(merchant_id, one, tried=len(arrived) == 1)
    return [None] * len(arrived)


def take_one(merchant_id: int, arrived: service.Arrived, *, tried: bool) -> None:
    """Let one notice count; one that cannot be applied now is stored alone, and the gateway hears yes."""
    try:
        if not tried:
            db.write(merchant_id, lambda: service.apply([arrived]))
            return
    except Exception:
        log.exception("notice.not_applied", merchant=merchant_id, notices=1)
    db.write(merchant_id, lambda: service.store([arrived]))


together: Gather[int, service.Arrived, None] = Gather(take_all, most=50)
