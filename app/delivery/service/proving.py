"""Proving that an order is one's own by its password: at its page, at a link, or by looking it up.

A wrong try is returned, not raised, so that the unit counts it; every number of tries and every answer is the same
for an order that exists and for one that does not.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.accounts import service as accounts
from app.accounts.errors import TooManyLinks
from app.accounts.service import Browser
from app.delivery import queries
from app.delivery.errors import NoSuchPair
from app.delivery.events import LinkAsked
from app.delivery.models import Link
from app.delivery.service.linking import admit, make_link
from app.kit import throttle
from app.kit.errors import Invalid, Refusal
from app.kit.events import publish
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders.errors import WrongOrderPassword
from app.orders.queries import Order
from app.payments import queries as payments

ASKED_PER_NAME = 3
ASKED_PER_NETWORK = 20
LONGEST_NUMBER = 128  # of a payment


@dataclass(frozen=True)
class Admitted:
    """A browser that was let in: the link it came in by, and the token it is known by from now on."""

    link_id: UUID
    device_id: UUID
    device_token: str


@dataclass(frozen=True)
class Asking:
    """Who asks: the token its browser holds (empty: none), and where it is."""

    device_token: str
    browser: Browser


def enter(
    order: Order, password: str, asking: Asking, *, link: Link | None = None, now: datetime
) -> Admitted | Refusal:
    """Let a browser in whose person knows the password of an order; without a link, by the order's newest one.

    Returns what to say after the commit when the password is wrong; raises TooManyTries or DeviceLimit.
    """
    accounts.check_tries(order.id.hex, asking.browser.network, now=now)
    if not orders.is_password(order, password):
        return accounts.count_wrong_try(order.id.hex, asking.browser.network, _wrong_password, now=now)
    return _let_in(order.id, link, asking, now)


def look_up(name: str, password: str, asking: Asking, *, now: datetime) -> Admitted | Refusal:
    """Let a browser in whose person knows an order by its number, contact or payment, and its password.

    Returns what to say after the commit when no order fits; raises TooManyTries or DeviceLimit.
    """
    subject = orders.mark_of(name)
    accounts.check_tries(subject, asking.browser.network, now=now)
    order_id = orders.find_own(name, password, paid=paid_by(name))
    if order_id is None:
        return accounts.count_wrong_try(subject, asking.browser.network, _wrong_pair, now=now)
    return _let_in(order_id, None, asking, now)


def ask_link(name: str, browser: Browser, *, now: datetime) -> None:
    """Have the link of an order sent to its own contact; the same for what no order fits. Raises TooManyLinks."""
    keys = (
        throttle.key("order link", orders.mark_of(name), limit=ASKED_PER_NAME),
        throttle.key("order link network", browser.network, limit=ASKED_PER_NETWORK),
    )
    if minutes := throttle.minutes_to_wait(keys, now=now):
        raise TooManyLinks(minutes)
    throttle.count(keys, now=now)
    found = orders.find_latest_paid(name, paid=paid_by(name))
    publish(LinkAsked(subject_id=new_id(), order_id=found, network=browser.network, at=now))


def paid_by(name: str) -> tuple[UUID, UUID]:
    """Return which orders a payment paid whose number somebody gives, as the payment app shows it."""
    return payments.find_paid_by("".join(name.split())[:LONGEST_NUMBER])


def _let_in(order_id: UUID, link: Link | None, asking: Asking, now: datetime) -> Admitted:
    ((device_id, token),) = accounts.remember_devices([asking.device_token], now=now)
    through = link or queries.find_newest_link(order_id, now=now) or make_link(order_id, now=now)
    admit(through, device_id, browser=asking.browser, now=now)
    return Admitted(through.id, device_id, token)


def _wrong_password(left: int) -> Refusal:
    return Invalid({"password": WrongOrderPassword(left)})


def _wrong_pair(left: int) -> Refusal:
    return Invalid({"password": NoSuchPair(left)})
