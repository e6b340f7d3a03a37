"""Telling: events, signed for each endpoint at the moment of sending, and sent again for three days until a 2xx."""

import copy
import hashlib
import hmac
import itertools
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.common.telling import SILENT, Schedule, send
from simulators.stripe.book import Book
from simulators.stripe.faults import Faults

DELAYS = (60, 300, 1800, 7200, 18000, 36000, 36000, 43200, 43200, 43200)  # three days in all
MARGIN = 900  # how far a stale or early time is off
log = logging.getLogger(__name__)

Event = dict[str, Any]


@dataclass(frozen=True)
class Letter:
    """One sending that is due; `forged`, `off` and `said` tell what is wrong with it."""

    event: str
    endpoint: str
    url: str
    secret: str
    body: bytes
    tried: int = 0
    off: int = 0

    def headers(self, now: float) -> dict[str, str]:
        """Return what Stripe writes on it at this moment."""
        stamp = int(now) + self.off
        return {"Content-Type": "application/json", "Stripe-Signature": signature(self.secret, stamp, self.body)}


def signature(secret: str, stamp: int, body: bytes) -> str:
    """Return the header of a signed body; a v0 beside it is there for whoever reads too much."""
    mark = hmac.new(secret.encode(), b"%d.%s" % (stamp, body), hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mark},v0={'0' * 64}"


class Post:
    """Sends letters when they are due, by threads of its own once started, or to whoever takes them."""

    def __init__(
        self,
        book: Book,
        faults: Faults,
        clock: Callable[[], float] = time.time,
        delays: Sequence[float] = DELAYS,
    ) -> None:
        self.clock, self.faults, self._book, self._delays = clock, faults, book, delays
        self._turns = itertools.count()
        self._schedule = Schedule(self._tell, name="events", clock=clock)

    def start(self) -> None:
        """Start sending."""
        self._schedule.start()

    def stop(self) -> None:
        """Stop sending; what was not told yet stays untold."""
        self._schedule.stop()

    def send(self, event: Event, endpoint: dict[str, Any], tried: int = 0) -> None:
        """Plan the sending of an event, with whatever goes wrong on its way."""
        if self.faults.strike("silent"):
            return
        body = json.dumps(self._altered(event), separators=(",", ":")).encode()
        secret = endpoint["secret"][::-1] if self.faults.strike("forged") else endpoint["secret"]
        off = -MARGIN if self.faults.strike("stale") else MARGIN if self.faults.strike("early") else 0
        letter = Letter(event["id"], endpoint["id"], endpoint["url"], secret, body, tried, off)
        delay = self._delay()
        for _ in range(2 if self.faults.strike("twice") else 1):
            self._schedule.put(letter, delay)

    def take(self) -> Letter | None:
        """Return the next letter that is due."""
        return self._schedule.take()

    def answered(self, letter: Letter, status: int) -> None:
        """Note how an endpoint answered; what is no 2xx is sent again."""
        done = 200 <= status < 300
        self._book.told(letter.event, letter.endpoint, done=done)
        log.info("event %s, try %d: %s", letter.event, letter.tried + 1, status or "no answer")
        if not done and letter.tried < len(self._delays):
            event = self._book.find(self._book.owner(letter.event), "event", letter.event)
            endpoint = self._book.find(self._book.owner(letter.endpoint), "webhook_endpoint", letter.endpoint)
            if event and endpoint:
                body = json.dumps(event, separators=(",", ":")).encode()  # what was wrong is right next time
                place = (event["id"], endpoint["id"], endpoint["url"], endpoint["secret"])
                self._schedule.put(Letter(*place, body, letter.tried + 1), self._delays[letter.tried])

    def _altered(self, event: Event) -> Event:
        said = copy.deepcopy(event)
        thing = said["data"]["object"]
        if "amount_total" in thing and self.faults.strike("wrong_amount"):
            thing["amount_total"] -= 1
        if "currency" in thing and self.faults.strike("wrong_currency"):
            thing["currency"] = "usd" if thing["currency"] != "usd" else "eur"
        if self.faults.strike("wrong_mode"):
            said["livemode"] = not said["livemode"]
        if self.faults.strike("wrong_account"):
            said["account"] = "acct_somebodyelse"
        return said

    def _delay(self) -> float:
        late, behind = self.faults.strike("late"), self.faults.strike("out_of_order")
        waits = behind.seconds if behind and next(self._turns) % 2 == 0 else 0
        return (late.seconds if late else 0) + waits

    def _tell(self, letter: Letter) -> None:
        self.answered(letter, _post(letter, self.clock()))


def _post(letter: Letter, now: float) -> int:
    """Post a letter, following no redirect; 0 when nobody answers."""
    try:
        return send("POST", letter.url, letter.body, letter.headers(now))[0]
    except SILENT:
        return 0
