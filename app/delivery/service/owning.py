"""Owning: digits that were mailed to a contact prove, in the browser that asked for them, that it is one's own.

Asking does the same and says the same for what no order fits. A wrong try is returned, not raised, so that the unit
counts it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update

from app.accounts import queries as devices
from app.accounts import service as accounts
from app.delivery.digits import is_digits
from app.delivery.errors import DeadCode, NoCodesByMail, NotSixDigits, TooManyCodes, WrongDigits
from app.delivery.events import CodeAsked, OwnerProved, OwnerSignedOut
from app.delivery.models import Channel, ContactOwner, OneTimeCode
from app.delivery.rules import CODE_LIFE, CODE_TRIES, OWNER_LIFE, may_prove
from app.delivery.service.proving import Asking, paid_by
from app.kit import db, throttle
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.tokens import read_digits
from app.merchants import queries as merchants
from app.orders import queries as orders

ASKED_PER_NAME = 3
ASKED_PER_NETWORK = 20
GUESSED_AT = 30  # wrong digits for one contact within a day; then no more codes for it, whoever asks from wherever
DAY = timedelta(days=1)
CODE_MINUTES = round(CODE_LIFE / timedelta(minutes=1))


def ask_code(name: str, asking: Asking, *, now: datetime) -> str:
    """Have a code mailed to the contact of an order, and return the token of the browser that may use it.

    The same for what no order fits. Raises TooManyCodes, or NoCodesByMail where the shop does not allow it.
    """
    _check_allowed()
    keys = (
        throttle.key("order code", orders.mark_of(name), limit=ASKED_PER_NAME),
        throttle.key("order code network", asking.browser.network, limit=ASKED_PER_NETWORK),
    )
    if minutes := throttle.minutes_to_wait(keys, now=now):
        raise TooManyCodes(minutes)
    throttle.count(keys, now=now)
    ((device_id, token),) = accounts.remember_devices([asking.device_token], now=now)
    order_id, contact = orders.find_mailed(name, paid=paid_by(name)) or (None, orders.contact_index(name))
    code_id, for_order = new_id(), None if _is_guessed_at(contact, now) else order_id
    _write_down(code_id, device_id, contact, for_order, now)
    where = {"network": asking.browser.network, "agent": asking.browser.agent[:200]}
    publish(CodeAsked(subject_id=code_id, order_id=for_order, at=now, by=By("device", device_id), **where))
    return token


def prove_contact(typed: str, asking: Asking, *, now: datetime) -> Refusal | None:
    """Let a browser see the orders of the contact whose code it asked for, when these are its digits.

    Returns what to say after the commit when they are not; raises TooManyTries, or Invalid for what is no code.
    """
    _check_allowed()
    digits, network = read_digits(typed), asking.browser.network
    if not digits:
        raise Invalid({"digits": NotSixDigits()})
    code = _newest(asking.device_token)
    if code is None:
        return DeadCode(CODE_MINUTES)
    accounts.check_tries(code.contact_index.hex(), network, now=now)
    tries = _spend_try(code.id, now)
    if tries is None:
        return DeadCode(CODE_MINUTES)
    fits = is_digits(code.id, digits)
    if fits and code.order_id is not None and _use_up(code.id, now):
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


def _check_allowed() -> None:
    """Refuse where links go by mail and the shop takes nothing else by mail for a proof."""
    if not may_prove(Channel.EMAIL, frozenset({Channel.EMAIL}), merchants.allows_mail_proof()):
        raise NoCodesByMail


def _is_guessed_at(contact: bytes, now: datetime) -> bool:
    recent = (OneTimeCode.contact_index == contact, OneTimeCode.created_at > now - DAY, OneTimeCode.used_at.is_(None))
    wrong = db.session().scalar(select(func.coalesce(func.sum(OneTimeCode.tries), 0)).where(*recent))
    return int(wrong or 0) >= GUESSED_AT


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
    """Return the newest code that was asked for in a browser; those before it are good no more."""
    device = devices.find_device(device_token)
    if device is None:
        return None
    asked = select(OneTimeCode).where(OneTimeCode.device_id == device.id)
    return db.session().scalar(asked.order_by(OneTimeCode.created_at.desc(), OneTimeCode.id.desc()).limit(1))


def _spend_try(code_id: UUID, now: datetime) -> int | None:
    """Take one try from a code that is still good, and return how many were made; the database counts them."""
    good = (
        OneTimeCode.id == code_id,
        OneTimeCode.tries < CODE_TRIES,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
    )
    spent = update(OneTimeCode).where(*good).values(tries=OneTimeCode.tries + 1).returning(OneTimeCode.tries)
    return db.session().scalar(spent)


def _use_up(code_id: UUID, now: datetime) -> bool:
    unused = (OneTimeCode.id == code_id, OneTimeCode.used_at.is_(None))
    return bool(db.changed(update(OneTimeCode).where(*unused).values(used_at=now)))


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
