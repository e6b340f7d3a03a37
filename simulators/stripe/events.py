"""Telling: events, signed for each endpoint at the moment of sending, and sent again for three days until a 2xx."""

import copy
import hashlib
import heapq
import hmac
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from simulators.stripe.book import Book
from simulators.stripe.faults import Faults

DELAYS = (60, 300, 1800, 7200, 18000, 36000, 36000, 43200, 43200, 43200)  # three days in all
TIMEOUT = 10
MARGIN = 900  # how far a stale or early time is off
log = logging.getLogger(__name__)

Event = dict[str, Any]


@dataclass(frozen=True, order=True)
class Letter:
    """One sending that is due; `forged`, `off` and `said` tell what is wrong with it."""

    at: float
    number: int
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
        self._numbers, self._turns = itertools.count(), itertools.count()
        self._due: list[Letter] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [threading.Thread(target=self._run, name=f"events-{n}", daemon=True) for n in range(4)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def send(self, event: Event, endpoint: dict[str, Any], tried: int = 0) -> None:
        """Plan the sending of an event, with whatever goes wrong on its way."""
        if self.faults.strike("silent"):
            return
        body = json.dumps(self._altered(event), separators=(",", ":")).encode()
        secret = endpoint["secret"][::-1] if self.faults.strike("forged") else endpoint["secret"]
        off = -MARGIN if self.faults.strike("stale") else MARGIN if self.faults.strike("early") else 0
        at = self.clock() + self._delay()
        for _ in range(2 if self.faults.strike("twice") else 1):
            number = next(self._numbers)
            self._put(Letter(at, number, event["id"], endpoint["id"], endpoint["url"], secret, body, tried, off))

    def take(self) -> Letter | None:
        """Return the next letter that is due."""
        with self._changed:
            if self._due and self._due[0].at <= self.clock():
                return heapq.heappop(self._due)
        return None

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
                at = self.clock() + self._delays[letter.tried]
                place = (event["id"], endpoint["id"], endpoint["url"], endpoint["secret"])
                self._put(Letter(at, next(self._numbers), *place, body, letter.tried + 1))

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

    def _put(self, letter: Letter) -> None:
        with self._changed:
            heapq.heappush(self._due, letter)
            self._changed.notify()

    def _run(self) -> None:
        while not self._stopped:
            if letter := self.take():
                self.answered(letter, _post(letter, self.clock()))
                continue
            with self._changed:
                wait = self._due[0].at - self.clock() if self._due else None
                if not self._stopped and (wait is None or wait > 0):
                    self._changed.wait(wait)


def _post(letter: Letter, now: float) -> int:
    """Post a letter, following no redirect; 0 when nobody answers."""
    address = urlsplit(letter.url)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    line = connect(address.hostname or "", address.port, timeout=TIMEOUT)
    try:
        path = urlunsplit(("", "", address.path or "/", address.query, ""))
        line.request("POST", path, letter.body, letter.headers(now))
        return line.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        line.close()
