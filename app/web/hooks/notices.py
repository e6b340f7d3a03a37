"""Notices of payments."""

from uuid import UUID

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.payments import queries, service
from app.web.guard import unit
from app.web.hooks import bp


@bp.post("/hooks/<token>")
@unit(None)
def notice(token: str) -> Response:
    address = db.read(System("hook"), lambda: merchants.find_address("hook", token))
    if address is None:
        raise NotFound
    channel = db.read(address.merchant_id, lambda: queries.get_channel(UUID(address.target)))
    request.max_content_length = service.LONGEST_BODY
    try:
        arrived = service.read(channel, dict(request.headers), request.get_data(), now=clock.now())
    except RequestEntityTooLarge:
        db.write(address.merchant_id, lambda: service.apply([service.too_large(channel, now=clock.now())]))
        raise
    believed = db.write(address.merchant_id, lambda: service.apply([arrived]))
    answer = service.acknowledgement(channel) if believed else "fail"
    return Response(answer, 200 if believed else 400, content_type="text/plain; charset=utf-8")
