"""Access tokens: one for each carrier, kept sealed in the database, so that all processes use the same one.

A party gives out so many tokens a day, and some end the former with each new one. So whoever finds no good token takes
the lease, asks the party with no unit open, and stores the answer; everybody else waits a moment for that. A token that
the party does not know any more is replaced once, and what was asked is asked once more.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update

from app.kit import clock, crypto, db
from app.kit.effects import Answer, Done, Temporary
from app.kit.http import Client
from app.kit.party import Account
from app.kit.secret import Secret
from app.messages.models import CarrierToken
from app.messages.providers import TOKEN, Stale, TakesToken, Token

TOKENS = "carrier tokens"
EARLY = timedelta(minutes=4)  # WeChat gives the next token five minutes before the end, and both are good that long
LEASE = timedelta(seconds=10)  # a fetch takes three seconds at most
QUIET = timedelta(seconds=2)  # after a fetch that failed nobody asks again
PATIENCE = 4.0  # seconds that one waits for another's fetch
GLANCE = 0.05


@dataclass(frozen=True)
class Held:
    """A token that was found in the database."""

    edition: int
    text: Secret
    expires_at: datetime


class Purse:
    """The token of one carrier as it was last seen; a batch of messages looks it up once."""

    def __init__(self, merchant_id: int, carrier_id: UUID, held: Held | None) -> None:
        self._merchant, self._carrier, self._held = merchant_id, carrier_id, held

    def asked(self, party: object, account: Account, http: Client, ask: Callable[[Account], Answer]) -> Answer:
        """Return the answer of a party to what is asked with its token, if it wants one; no unit may be open."""
        if not isinstance(party, TakesToken):
            return ask(account)
        answer = self._ask(party, account, http, ask, worn=0)
        if isinstance(answer, Stale) and self._held is not None:
            answer = self._ask(party, account, http, ask, worn=self._held.edition)
        return Temporary(answer.reason) if isinstance(answer, Stale) else answer

    def _ask(
        self, party: TakesToken, account: Account, http: Client, ask: Callable[[Account], Answer], *, worn: int
    ) -> Answer:
        found = self._token(lambda: party.fetch_token(account, http), worn)
        if not isinstance(found, Held):
            return found
        return ask(replace(account, keys={**account.keys, TOKEN: found.text}))

    def _token(self, fetch: Callable[[], Answer], worn: int) -> Held | Answer:
        """Return a token newer than the edition that is worn out, fetched by us or by whoever was first."""
        until = time.monotonic() + PATIENCE
        while (good := self._is_good(worn, EARLY)) is None:
            edition = db.write(self._merchant, lambda: _take_lease(self._carrier, worn, clock.now()))
            if edition is not None:
                return self._fetched(fetch, edition, worn)
            self._held = db.read(self._merchant, lambda: find(self._carrier))
            if (last := self._is_good(worn)) is not None:
                return last
            if time.monotonic() > until:
                return Temporary("another process is asking for the access token")
            time.sleep(GLANCE)
        return good

    def _is_good(self, worn: int, before: timedelta = timedelta(0)) -> Held | None:
        held = self._held
        return held if held and held.edition > worn and held.expires_at - before > clock.now() else None

    def _fetched(self, fetch: Callable[[], Answer], edition: int, worn: int) -> Held | Answer:
        """Fetch the token after an edition; where that fails, the last one is used as long as it lives."""
        answer, now = fetch(), clock.now()
        token = answer.value if isinstance(answer, Done) else None
        if not isinstance(token, Token):
            db.write(self._merchant, lambda: _fail(self._carrier, edition, now))
            return self._is_good(worn) or (Temporary("answered without a token") if token else answer)
        db.write(self._merchant, lambda: _store(self._carrier, edition, token, now))
        self._held = Held(edition + 1, token.text, now + timedelta(seconds=token.seconds))
        return self._held


def purse_of(carrier_id: UUID, party: object) -> Purse:
    """Return the purse of a carrier, with what is in it now if the party wants a token."""
    return Purse(db.merchant_id(), carrier_id, find(carrier_id) if isinstance(party, TakesToken) else None)


def find(carrier_id: UUID) -> Held | None:
    """Return the token of a carrier that was fetched last, good or not."""
    row = db.find(CarrierToken, carrier_id)
    if row is None or row.sealed is None or row.key_id is None or row.expires_at is None:
        return None
    place = crypto.Sealed("carrier_token", "sealed", row.merchant_id, row.carrier_id, row.key_id, row.sealed)
    return Held(row.edition, crypto.unseal(place, TOKENS), row.expires_at)


def _take_lease(carrier_id: UUID, worn: int, now: datetime) -> int | None:
    """Take the right to fetch the next token and return the edition it follows; None when there is no need or turn."""
    fresh = db.insert_or(CarrierToken).values(merchant_id=db.merchant_id(), carrier_id=carrier_id, edition=0)
    db.session().execute(fresh.on_conflict_do_nothing())
    free = or_(CarrierToken.lease_until.is_(None), CarrierToken.lease_until <= now)
    needed = or_(
        CarrierToken.edition <= worn, CarrierToken.expires_at.is_(None), CarrierToken.expires_at <= now + EARLY
    )
    mine = update(CarrierToken).where(CarrierToken.carrier_id == carrier_id, free, needed)
    return db.session().scalar(mine.values(lease_until=now + LEASE).returning(CarrierToken.edition))


def _store(carrier_id: UUID, edition: int, token: Token, now: datetime) -> None:
    """Keep a token; one that came after its lease was over changes nothing, since there is a newer one."""
    key = crypto.key_for(TOKENS)
    _settle(
        carrier_id,
        edition,
        edition=edition + 1,
        key_id=key.id,
        sealed=key.seal("carrier_token", "sealed", carrier_id, token.text),
        fetched_at=now,
        expires_at=now + timedelta(seconds=token.seconds),
        lease_until=None,
    )


def _fail(carrier_id: UUID, edition: int, now: datetime) -> None:
    _settle(carrier_id, edition, lease_until=now + QUIET)


def _settle(carrier_id: UUID, before: int, **values: Any) -> None:
    mine = (CarrierToken.carrier_id == carrier_id, CarrierToken.edition == before)
    db.changed(update(CarrierToken).where(*mine).values(**values))
