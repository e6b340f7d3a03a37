"""Signing in: six digits to an address prove, in the browser that asked, that it is its person's.

The account is made by the first sign-in. Asking does the same whether there is one or not. A wrong try is returned, not
raised, so that the unit counts it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert

from app.accounts import queries as devices
from app.accounts import service as accounts
from app.delivery.service import Asking
from app.kit import db, effects, onetime, throttle
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.onetime import CODE_LIFE, CODE_MINUTES, CODE_TRIES
from app.kit.tokens import read_digits
from app.members import queries
from app.members.contacts import address_index, seal
from app.members.errors import (
    DeadCode,
    HasOneAlready,
    NoCodesByPhone,
    NotAnAddress,
    NotSixDigits,
    TooManyCodes,
    WrongDigits,
)
from app.members.events import MemberCodeAsked
from app.members.models import Channel, MemberCode
from app.members.rules import KEPT_CODES, Address, address_of
from app.members.service.contacts import add_contact, find_or_join
from app.members.service.sessions import open_session, sign_out
from app.messages import queries as messages

ASKED_PER_ADDRESS = 3
ASKED_PER_NETWORK = 20
DAY_OF_MINUTES = 24 * 60
KINDS = {Channel.EMAIL: "members.mail_code", Channel.SMS: "members.sms_code"}


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in by the digits, and the token their browser holds from now on."""

    member_id: UUID
    token: str
    is_new: bool  # the account was made just now
    added: bool  # it was no sign-in: the contact was added to the account


def ask_code(contact: str, asking: Asking, *, lang: str, now: datetime, member_id: UUID | None = None) -> str:
    """Send six digits to an address, and return the token of the browser that may use them.

    They sign in, or, with `member_id`, add the address to that account. Raises Invalid, TooManyCodes or HasOneAlready.
    """
    address = _usable(contact)
    if member_id and any(own.channel is address.channel for own in queries.list_contacts(member_id)):
        raise HasOneAlready
    index = address_index(address)
    _check_often(index, asking.browser.network, now)
    ((device_id, token),) = accounts.remember_devices([asking.device_token], now=now)
    code_id = _write_down(address, index, device_id, asking, {"lang": lang, "member_id": member_id}, now)
    channel, by = address.channel.name.lower(), By("device", device_id)
    publish(MemberCodeAsked(subject_id=code_id, channel=channel, network=asking.browser.network, at=now, by=by))
    effects.intend(KINDS[address.channel], code_id, due_at=now, deadline=now + CODE_LIFE)
    db.session().execute(delete(MemberCode).where(MemberCode.created_at < now - KEPT_CODES))
    return token


def prove(typed: str, asking: Asking, *, token: str, now: datetime) -> SignedIn | Refusal:
    """Sign the person in whose digits these are, or add the contact they wanted to add; ends the session of `token`.

    Returns what to say after the commit when they are wrong; raises TooManyTries, or Invalid for what is no code.
    """
    digits = read_digits(typed)
    if not digits:
        raise Invalid({"digits": NotSixDigits()})
    code = find_asked(asking.device_token)
    if code is None:
        return DeadCode(CODE_MINUTES)
    subject, network = code.contact_index.hex(), asking.browser.network
    accounts.check_tries(subject, network, now=now)
    tries = onetime.spend_try(MemberCode, code.id, now=now)
    if tries is None:
        return DeadCode(CODE_MINUTES)
    if onetime.is_digits(code.id, digits) and onetime.use_up(MemberCode, code.id, now=now):
        return _let_in(code, asking, token, now)
    return accounts.count_wrong_try(subject, network, _wrong(CODE_TRIES - tries), now=now)


def find_asked(device_token: str) -> MemberCode | None:
    """Return the newest code that was asked for in a browser, good or not."""
    device = devices.find_device(device_token)
    return onetime.newest(MemberCode, device.id) if device else None


def _let_in(code: MemberCode, asking: Asking, token: str, now: datetime) -> SignedIn | Refusal:
    """Open a session in place of the present one: whoever copied its token stays outside."""
    present, is_new = queries.find_present(token, now=now), False
    if code.member_id is not None:
        if present is None or present.id != code.member_id:
            return DeadCode(CODE_MINUTES)  # it was asked for in a session that has ended since
        if refused := add_contact(code.member_id, code, now=now):
            return refused
        member_id = code.member_id
    else:
        member_id, is_new = find_or_join(code, now=now)
    sign_out(token, now=now, is_told=False)
    fresh = open_session(member_id, code.channel, asking.browser, now=now)
    return SignedIn(member_id, fresh, is_new, code.member_id is not None)


def _usable(contact: str) -> Address:
    address = address_of(contact)
    if address is None:
        raise Invalid({"contact": NotAnAddress()})
    if address.channel is Channel.SMS and not messages.carries(Channel.SMS):
        raise Invalid({"contact": NoCodesByPhone()})
    return address


def _check_often(index: bytes, network: str, now: datetime) -> None:
    keys = (
        throttle.key("member code", index.hex(), limit=ASKED_PER_ADDRESS),
        throttle.key("member code network", network, limit=ASKED_PER_NETWORK),
    )
    if minutes := throttle.minutes_to_wait(keys, now=now):
        raise TooManyCodes(minutes)
    if onetime.is_guessed_at(MemberCode, index, now=now):
        raise TooManyCodes(DAY_OF_MINUTES)
    throttle.count(keys, now=now)


def _write_down(
    address: Address, index: bytes, device_id: UUID, asking: Asking, more: dict[str, Any], now: datetime
) -> UUID:
    number = new_id()
    key_id, sealed = seal("member_code", number, address.text)
    row = {
        "merchant_id": db.merchant_id(),
        "id": number,
        "device_id": device_id,
        "contact_index": index,
        "created_at": now,
        "expires_at": now + CODE_LIFE,
        "tries": 0,
        "used_at": None,
        "channel": address.channel,
        "key_id": key_id,
        "sealed": sealed,
        "agent": asking.browser.agent[:200],
        "network": asking.browser.network,
    }
    db.session().execute(insert(MemberCode.__table__), [row | more])  # type: ignore[arg-type]
    return number


def _wrong(left: int) -> Callable[[int], Refusal]:
    """Return what to say of wrong digits: the tries left, by this code and by the throttle; none ends the code."""
    return lambda rest: Invalid({"digits": WrongDigits(min(left, rest))}) if left else DeadCode(CODE_MINUTES)
