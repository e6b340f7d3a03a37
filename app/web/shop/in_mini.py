"""Telling a buyer in the shop's mini program: the page of an order leads there, and the program says who its user is.

A mini program sees which addresses its web-view opens, and needs nobody's script for that. So the owner of an order is
led to an address with a pass; the program asks on a page of its own, and posts its login code to that very address.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, jsonify, request

from app.delivery import service as delivery
from app.kit import clock, db, throttle, tokens
from app.kit.errors import Invalid, NotFound, Refusal, Required, TooLong, words
from app.kit.events import By
from app.kit.secret import Secret
from app.messages import queries as messages
from app.messages import service as messaging
from app.messages.queries import Channel, Line
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.guard import for_programs, frame, unit
from app.web.language import here
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.in_wechat import mask_openid
from app.web.shop.placing import token_of

PASS, PASS_SECONDS = "mini program", 30 * 60
MOST_LOGINS = 10  # of one order within a quarter of an hour
LONGEST_BODY, LONGEST_CODE = 4096, 128
INSIDE = "miniProgram"  # in what the browser of a mini program calls itself


class PassOver(Refusal):
    """The owner of an order was led to its mini program too long ago."""

    kind = "conflict"
    message = words("This link into the mini program has expired.")
    mend = words("Open the order page again, and choose “Tell me in the mini program” there.")


@dataclass(frozen=True)
class MiniOffer:
    """Where a buyer has themselves told in the mini program, and whether they are already."""

    url: str
    is_told: bool


@bp.get("/mini-program/<token>")
def in_mini(token: str) -> Page | Redirect:
    """Wait in the web-view while the mini program asks; to open this changes nothing."""
    order_id = _read(token)
    back = here(".order", token=token_of(orders.get(order_id).id))
    if not _is_fresh(token):
        return Redirect(back)
    return page("shop/orders/mini_program.html", secret=True, back=back)


@bp.post("/mini-program/<token>")
@for_programs
@unit(None)
def tell_in_mini(token: str) -> Response:
    """Tell the owner of a pass in the mini program from now on, and answer what they have to allow there."""
    request.max_content_length = LONGEST_BODY
    body, order_id, merchant = request.get_json(silent=True), _read(token), frame().merchant_id
    if not _is_fresh(token):
        raise PassOver
    way = db.write(merchant, lambda: _admit(order_id))
    openid = messaging.name_person(way, _code_in(body))
    found = db.write(merchant, lambda: _tell(order_id, openid))
    return jsonify(told=True, templates=messages.templates_to_allow(way, found.lang))


def mini_offer(found: Order) -> MiniOffer | None:
    """Return what the owner of an order is offered inside of the shop's mini program."""
    if INSIDE not in request.user_agent.string or not messages.asks_itself(Channel.MINI):
        return None
    url = here(".in_mini", token=tokens.sign(PASS, found.id.hex))
    return MiniOffer(url, delivery.is_reached(found.contact_index, Channel.MINI))


def _read(token: str) -> UUID:
    said = tokens.read(PASS, token)
    if said is None:
        raise NotFound
    return UUID(said)


def _is_fresh(token: str) -> bool:
    return tokens.read(PASS, token, max_age=PASS_SECONDS) is not None


def _code_in(body: Any) -> Secret:
    code = body.get("code") if isinstance(body, dict) else None
    if not isinstance(code, str) or not code.strip():
        raise Invalid({"code": Required()})
    if len(code) > LONGEST_CODE:
        raise Invalid({"code": TooLong(LONGEST_CODE)})
    return Secret(code.strip())


def _admit(order_id: UUID) -> Line:
    """Count one more sign-in for an order, and return the line to the mini program; each costs a question there."""
    keys, now = [throttle.key("mini program", orders.get(order_id).id.hex, limit=MOST_LOGINS)], clock.now()
    throttle.check(keys, now=now)
    throttle.count(keys, now=now)
    return messages.namer(Channel.MINI)


def _tell(order_id: UUID, openid: Secret) -> Order:
    found, mask = orders.get(order_id), mask_openid(openid.expose())
    delivery.tell_also_by(found, Channel.MINI, openid, mask=mask, now=clock.now(), by=By("contact"))
    return found
