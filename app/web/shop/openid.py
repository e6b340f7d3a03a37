"""Coming back from where the app said who its user is: the payment that was asked for is started now."""

from dataclasses import replace
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.kit import db
from app.kit.errors import Refusal
from app.orders import queries as orders
from app.web.errors import say
from app.web.guard import frame, unit
from app.web.language import here
from app.web.render import Cookie, Redirect
from app.web.shop import bp
from app.web.shop.buyers import ASKED, keep_buyer, method_asked, name_buyer
from app.web.shop.checkout import begin
from app.web.shop.placing import read_token


@bp.get("/o/<token>/wechat")
@unit(None)
def named(token: str) -> Redirect:
    """Start the payment for whom WeChat named; only the browser that pressed pay just now can come here."""
    order_id = read_token(token)
    db.read(frame().merchant_id, lambda: orders.get(order_id))
    page, method_id = here(".order", token=token), method_asked()
    if method_id is None:
        return Redirect(page)
    asked_no_more = Cookie(ASKED, "", page)
    payer = name_buyer(method_id, request.args.get("code", "")[:512])
    if not payer:
        said = gettext("WeChat did not say who is paying. Press pay once more.")
        return Redirect(page, toast=said, tone="warn", cookies=(asked_no_more,))
    return _begun(token, method_id, payer, (asked_no_more, keep_buyer(method_id, payer)))


def _begun(token: str, method_id: UUID, payer: str, cookies: tuple[Cookie, ...]) -> Redirect:
    """Start it, or say on the order's page why that cannot be."""
    try:
        begun = begin(token, method_id, payer)
    except Refusal as refusal:
        begun = Redirect(here(".order", token=token), toast=say(refusal), tone="warn")
    return replace(begun, cookies=cookies)
