"""Claiming: a person proves to be the one a claim is for, and sees what was given. Wrong tries are returned."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import update

from app.accounts import service as accounts
from app.accounts.service import Browser
from app.entitlements import service as entitlements
from app.entitlements.service import Opening, Proof
from app.gifting import claims
from app.gifting.errors import WrongProof
from app.gifting.events import ClaimOpened, ClaimProved
from app.gifting.models import HandoutRow
from app.gifting.queries import Claim
from app.kit import db, throttle
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish

PER_CLAIM, PER_NETWORK = 8, 60


@dataclass(frozen=True)
class Admitted:
    """The browser that proved itself, and the token it is known by from now on."""

    device_id: UUID
    device_token: str


def prove(claim: Claim, typed: str, *, device_token: str, browser: Browser, now: datetime) -> Admitted | Refusal:
    """Let the browser in whose person knows the reference or the word; the one before it is out from then on.

    Returns what to say after the commit when it does not fit; raises TooManyTries.
    """
    fits = partial(claims.is_proof, claim.row, claim.handout.proof, typed)
    if refused := check_word(claim.row.id, browser, fits, WrongProof, now=now):
        return refused
    ((device_id, token),) = accounts.remember_devices([device_token], now=now)
    claim.row.device_id, claim.row.proved_at = device_id, now
    publish(
        ClaimProved(
            subject_id=claim.row.id,
            order_id=claim.handout.order_id,
            entitlement_id=claim.entitlement.id,
            network=browser.network,
            at=now,
            by=By("device", device_id),
        )
    )
    return Admitted(device_id, token)


def check_word(
    about: UUID, browser: Browser, fits: Callable[[], bool], wrong: Callable[[int], Refusal], *, now: datetime
) -> Refusal | None:
    """Return what to say after the commit when a word does not fit; guesses are counted. Raises TooManyTries."""
    keys = [
        throttle.key("claim", about.hex, limit=PER_CLAIM),
        throttle.key("claim network", browser.network, limit=PER_NETWORK),
    ]
    throttle.check(keys, now=now)
    return None if fits() else throttle.count_wrong(keys, lambda left: Invalid({"proof": wrong(left)}), now=now)


def open_claim(claim: Claim, *, device_id: UUID, browser: Browser, now: datetime) -> list[Opening]:
    """Record that the person of a claim sees the code; after the commit `crypto.open` gives the plaintext."""
    by = By("device", device_id)
    proof = Proof("claim", by, browser.network, browser.agent, fresh_at=claim.row.proved_at)
    opened = entitlements.reveal(claim.handout.order_id, proof=proof, now=now, only=[claim.entitlement.id])
    first = (HandoutRow.id == claim.row.id, HandoutRow.opened_at.is_(None))
    if db.changed(update(HandoutRow).where(*first).values(opened_at=now)):
        publish(
            ClaimOpened(
                subject_id=claim.row.id,
                order_id=claim.handout.order_id,
                entitlement_id=claim.entitlement.id,
                network=browser.network,
                at=now,
                by=by,
            )
        )
    return opened
