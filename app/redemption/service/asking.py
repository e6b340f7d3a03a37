"""Asking: a buyer without a session proves by what is typed that something is his; guesses are counted.

A wrong try is returned, not raised, so that the unit counts it. What nobody knows and what is somebody else's answer
the same.
"""

from datetime import datetime
from uuid import UUID

from app.catalog import queries as catalog
from app.inventory import queries as stock
from app.inventory.queries import Standing, Typed
from app.kit import throttle
from app.kit.errors import Invalid, Refusal
from app.orders import queries as orders
from app.redemption.errors import WrongTry

PER_NETWORK = 20
PER_TEXT = 8


def find_own(typed: Typed, *, network: str, now: datetime) -> UUID | Refusal:
    """Return the entitlement of a code that somebody typed, with its PIN where it has one; or what to say instead.

    Raises TooManyTries.
    """
    keys = _keys(stock.mark_of(typed.text), network)
    throttle.check(keys, now=now)
    (code,) = stock.list_typed([typed])
    if code is None or code.entitlement_id is None or not _is_proved(code):
        return throttle.count_wrong(keys, _wrong, now=now)
    return code.entitlement_id


def find_own_order(number: str, password: str, *, network: str, now: datetime) -> UUID | Refusal:
    """Return the order that a number or contact and its password open, or what to say; raises TooManyTries."""
    keys = _keys(orders.mark_of(number), network)
    throttle.check(keys, now=now)
    return orders.find_own(number, password) or throttle.count_wrong(keys, _wrong, now=now)


def _keys(mark: str, network: str) -> list[throttle.Key]:
    return [
        throttle.key("redeem", mark, limit=PER_TEXT),
        throttle.key("redeem network", network, limit=PER_NETWORK),
    ]


def _is_proved(code: Standing) -> bool:
    """Tell whether somebody knows all of a code; of a card from before PINs had a mark nobody can prove it."""
    pair = len(catalog.list_skus_by_id([code.sku_id])[code.sku_id].kind.fields) > 1
    return code.proved and code.needs_pin if pair else True


def _wrong(left: int) -> Refusal:
    return Invalid({"code": WrongTry(left)})
