"""Accepting: a person claims a gift for good, proves in another browser that it is theirs, and sees its code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update

from app.accounts import service as accounts
from app.accounts.service import Browser
from app.entitlements import service as entitlements
from app.entitlements.service import Opening, Proof
from app.gifting import queries
from app.gifting.claims import is_same
from app.gifting.errors import GiftGone, GiftTooEarly, NotAnAddress, WrongWord
from app.gifting.events import GiftClaimed, GiftOpened, GiftProved
from app.gifting.models import Gift, GiftState
from app.gifting.rules import EMAIL, LONGEST
from app.gifting.service.claiming import Admitted, check_word
from app.kit import crypto, db, effects
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.orders import queries as orders

GIFT_MAIL, CONTACT = "gifting.gift_mail", "gift"
GIFT = Gift.__table__.c


@dataclass(frozen=True)
class Taking:
    """What somebody says who takes a gift: the word where one is asked for, and where to send the link, if anywhere."""

    word: str
    email: str
    lang: str


def accept(gift: Gift, taking: Taking, *, device_token: str, browser: Browser, now: datetime) -> Admitted | Refusal:
    """Let a browser have a gift for good: of all who try at once, one. Returns what to say when the word is wrong.

    Raises GiftGone, GiftTooEarly, NotAnAddress in Invalid, TooManyTries.
    """
    if gift.opens_at is not None and gift.opens_at > now:
        raise GiftTooEarly
    email = taking.email.strip().lower()
    if email and (len(email) > LONGEST or not EMAIL.fullmatch(email)):
        raise Invalid({"email": NotAnAddress()})
    fits = partial(is_same, taking.word, queries.given_word(gift))
    if gift.by_word and (refused := check_word(gift.id, browser, fits, WrongWord, now=now)):
        return refused
    ((device_id, token),) = accounts.remember_devices([device_token], now=now)
    _take(gift, device_id, now, _contact(gift.id, email) | {"lang": taking.lang})
    if email:
        effects.intend(GIFT_MAIL, gift.id, due_at=now, deadline=gift.expires_at)
    _tell(GiftClaimed, gift, device_id, browser, now)
    return Admitted(device_id, token)


def prove_gift(gift: Gift, typed: str, *, device_token: str, browser: Browser, now: datetime) -> Admitted | Refusal:
    """Let another browser in of who claimed a gift; the one before it is out from then on. As `prove` of a claim."""
    fits = partial(is_same, typed, queries.holder_word(gift))
    if refused := check_word(gift.id, browser, fits, WrongWord, now=now):
        return refused
    ((device_id, token),) = accounts.remember_devices([device_token], now=now)
    mine = (GIFT.merchant_id == db.merchant_id(), GIFT.id == gift.id, GIFT.state == GiftState.CLAIMED)
    proved = {"device_id": device_id, "proved_at": now}
    if not db.changed(update(Gift.__table__).where(*mine).values(**proved)):  # type: ignore[arg-type]
        raise GiftGone
    _tell(GiftProved, gift, device_id, browser, now)
    return Admitted(device_id, token)


def open_gift(gift: Gift, *, device_id: UUID, browser: Browser, now: datetime) -> Sequence[Opening]:
    """Record that who claimed a gift sees its code; after the commit `crypto.open` gives the plaintext.

    Raises GiftGone for a browser that has it no more, and what `reveal` raises.
    """
    mine = (GIFT.merchant_id == db.merchant_id(), GIFT.id == gift.id, GIFT.device_id == device_id)
    touch = update(Gift.__table__).where(*mine, GIFT.state == GiftState.CLAIMED).values(device_id=device_id)  # type: ignore[arg-type]
    if not db.changed(touch):
        raise GiftGone
    proof = Proof("gift", By("device", device_id), browser.network, browser.agent, gift.proved_at)
    opened = entitlements.reveal(gift.order_id, proof=proof, now=now, only=[gift.entitlement_id], holder_id=gift.id)
    first = (GIFT.merchant_id == db.merchant_id(), GIFT.id == gift.id, GIFT.opened_at.is_(None))
    if db.changed(update(Gift.__table__).where(*first).values(opened_at=now)):  # type: ignore[arg-type]
        _tell(GiftOpened, gift, device_id, browser, now)
    return opened


def _take(gift: Gift, device_id: UUID, now: datetime, more: dict[str, Any]) -> None:
    """Make a waiting gift somebody's, while what it gives is still there; refuses with GiftGone."""
    waiting = (GIFT.merchant_id == db.merchant_id(), GIFT.id == gift.id, GIFT.state == GiftState.WAITING)
    in_time = (GIFT.expires_at > now, or_(GIFT.opens_at.is_(None), GIFT.opens_at <= now))
    values = {"state": GiftState.CLAIMED, "ended_at": now, "device_id": device_id, "proved_at": now}
    taking = update(Gift.__table__).where(*waiting, *in_time).values(**values, **more)  # type: ignore[arg-type]
    if not db.changed(taking) or not entitlements.keep_in_hand(gift.entitlement_id, holder_id=gift.id):
        raise GiftGone


def _contact(gift_id: UUID, email: str) -> dict[str, Any]:
    if not email:
        return {}
    key = crypto.create_key(CONTACT, new_id().hex)
    sealed = key.seal("gift", "contact", gift_id, Secret(email))
    known = {"contact_mask": orders.mask_contact(email), "contact_index": _index(email)}
    return known | {"key_id": key.id, "contact_sealed": sealed}


def _index(email: str) -> bytes | None:
    """Return what an address is found by; none where the blind index would take two for the same."""
    return orders.contact_index(email) if email.isascii() else None


def _tell(
    kind: type[GiftClaimed] | type[GiftProved] | type[GiftOpened],
    gift: Gift,
    device_id: UUID,
    browser: Browser,
    now: datetime,
) -> None:
    publish(
        kind(
            subject_id=gift.id,
            order_id=gift.order_id,
            entitlement_id=gift.entitlement_id,
            network=browser.network,
            at=now,
            by=By("device", device_id),
        )
    )
