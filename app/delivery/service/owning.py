"""Owning: digits that were sent to a contact prove, in the browser that asked for them, that it is one's own.

Asking does the same and says the same for what no order fits. A wrong try is returned, not raised, so that the unit
counts it.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update

from app.accounts import queries as devices
from app.accounts import service as accounts
from app.delivery import queries
from app.delivery.errors import DeadCode, NoCodesByMail, NotSixDigits, TooManyCodes, WrongDigits
from app.delivery.events import CodeAsked, OwnerProved, OwnerSignedOut
from app.delivery.models import Channel, ContactOwner, OneTimeCode
from app.delivery.rules import OWNER_LIFE
from app.delivery.service.proving import Asking, paid_by
from app.kit import db, onetime, throttle
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.onetime import CODE_LIFE, CODE_MINUTES, CODE_TRIES
from app.kit.tokens import read_digits
from app.orders import queries as orders

ASKED_PER_NAME = 3
ASKED_PER_NETWORK = 20


def ask_code(name: str, asking: Asking, *, now: datetime) -> str:
    """Have a code sent to the contact of an order, and return the token of the browser that may use it.

    The same for what no order fits. Raises TooManyCodes, or NoCodesByMail where the shop does not allow it.
    """
    proving = _proving()
    keys = (
        throttle.key("order code", orders.mark_of(name), limit=ASKED_PER_NAME),
        throttle.key("order code network", asking.browser.network, limit=ASKED_PER_NETWORK),
    )
    if minutes := throttle.minutes_to_wait(keys, now=now):
        raise TooManyCodes(minutes)
    throttle.count(keys, now=now)
    ((device_id, token),) = accounts.remember_devices([asking.device_token], now=now)
    kinds = {"by_mail": Channel.EMAIL in proving, "by_phone": Channel.SMS in proving}
    order_id, contact = orders.find_reached(name, paid=paid_by(name), **kinds) or (None, orders.contact_index(name))
    code_id, for_order = new_id(), None if onetime.is_guessed_at(OneTimeCode, contact, now=now) else order_id
    _write_down(code_id, device_id, contact, for_order, now)
    where = {"network": asking.browser.network, "agent": asking.browser.agent[:200]}
    publish(CodeAsked(subject_id=code_id, order_id=for_order, at=now, by=By("device", device_id), **where))
    return token


def prove_contact(typed: str, asking: Asking, *, now: datetime) -> Refusal | None:
    """Let a browser see the orders of the contact whose code it asked for, when these are its digits.

    Returns what to say after the commit when they are not; raises TooManyTries, or Invalid for what is no code.
    """
    _proving()
    digits, network = read_digits(typed), asking.browser.network
    if not digits:
        raise Invalid({"digits": NotSixDigits()})
    code = _newest(asking.device_token)
    if code is None:
        return DeadCode(CODE_MINUTES)
    accounts.check_tries(code.contact_index.hex(), network, now=now)
    tries = onetime.spend_try(OneTimeCode, code.id, now=now)
    if tries is None:
        return DeadCode(CODE_MINUTES)
    fits = onetime.is_digits(code.id, digits)
    if fits and code.order_id is not None and onetime.use_up(OneTimeCode, code.id, now=now):
        _own(code, asking, now)
        return None
    return accounts.count_wrong_try(code.contact_index.hex(), network, _wrong(CODE_TRIES - tries), now=now)


def sign_out(device_token: str, *, now: datetime) -> None:
    """End at once what a browser proved of contacts; orders that were made in it stay its own."""
    device = devices.find_device(device_token)
    if device is None:
        return
    lives = (ContactOwner.device_id == device.id, ContactOwner.expires_at > now)
    if db.changed(update(ContactOwner).where(*lives).values(expires_at=now)):
        publish(OwnerSignedOut(subject_id=device.id, at=now, by=By("device", device.id)))


def _proving() -> frozenset[Channel]:
    """Return by which channels codes come; refuses where the shop takes none for a proof."""
    found = queries.proving_channels()
    if not found:
        raise NoCodesByMail
    return found


def _write_down(code_id: UUID, device_id: UUID, contact: bytes, order_id: UUID | None, now: datetime) -> None:
    row = {
        "merchant_id": db.merchant_id(),
        "id": code_id,
        "device_id": device_id,
        "contact_index": contact,
        "order_id": order_id,
        "created_at": now,
        "expires_at": now + CODE_LIFE,
        "tries": 0,
        "used_at": None,
    }
    db.session().execute(insert(OneTimeCode.__table__), [row])  # type: ignore[arg-type]


def _newest(device_token: str) -> OneTimeCode | None:
    device = devices.find_device(device_token)
    return onetime.newest(OneTimeCode, device.id) if device else None


def _own(code: OneTimeCode, asking: Asking, now: datetime) -> None:
    """Write down that a browser is signed in as the owner of a contact; proved again, the time begins anew."""
    times = {"proved_at": now, "expires_at": now + OWNER_LIFE}
    key = {"merchant_id": db.merchant_id(), "device_id": code.device_id, "contact_index": code.contact_index}
    statement = db.insert_or(ContactOwner).values(key | times)
    db.session().execute(statement.on_conflict_do_update(index_elements=[*key], set_=times))
    by, where = By("device", code.device_id), asking.browser
    publish(
        OwnerProved(
            subject_id=code.id, order_id=code.order_id, network=where.network, agent=where.agent[:200], at=now, by=by
        )
    )


def _wrong(left: int) -> Callable[[int], Refusal]:
    """Return what to say of wrong digits: the tries left, by this code and by the throttle; none ends the code."""
    return lambda rest: Invalid({"digits": WrongDigits(min(left, rest))}) if left else DeadCode(CODE_MINUTES)
