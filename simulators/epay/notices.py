"""Telling shops: signed notices, by GET or POST, repeated until the shop answers `success`."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

DELAYS = (5, 30, 120, 600, 1800, 7200)
FORM = "application/x-www-form-urlencoded"
TIMEOUT = 10
log = logging.getLogger(__name__)


class Letter(NamedTuple):
    """A notice on its way: what it says, where to, and how."""

    trade_no: str
    url: str
    fields: dict[str, str]
    by_post: bool


class Due(NamedTuple):
    """A letter in the queue; `number` keeps equal times in order."""

    at: float
    number: int
    letter: Letter
    tried: int


def send(letter: Letter) -> tuple[int, bytes]:
    """Send a letter once; follow no redirect."""
    address, form = urlsplit(letter.url), urlencode(letter.fields)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.hostname or "", address.port, timeout=TIMEOUT)
    try:
        if letter.by_post:
            connection.request("POST", address.path or "/", form, {"Content-Type": FORM})
        else:
            connection.request("GET", f"{address.path or '/'}?{form}")
        answer = connection.getresponse()
        return answer.status, answer.read(200)
    finally:
        connection.close()


class Post:
    """Sends letters from a thread of its own; `pace` shortens the schedule, 0.01 makes an hour 36 seconds."""

    def __init__(
        self, record: Callable[[str, bool], None], *, delays: Sequence[float] = DELAYS, pace: float = 1
    ) -> None:
        self._record, self._delays = record, [delay * pace for delay in delays]
        self._queue: list[Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="epay-notices", daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what was not told yet stays untold."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(1)

    def bring(self, letter: Letter, delay: float = 0, tried: int = 0) -> None:
        """Have a letter sent after a delay."""
        with self._changed:
            heapq.heappush(self._queue, Due(time.monotonic() + delay, next(self._numbers), letter, tried))
            self._changed.notify()

    def _run(self) -> None:
        while due := self._next():
            accepted = self._try(due.letter)
            if not accepted and due.tried < len(self._delays):
                self.bring(due.letter, self._delays[due.tried], due.tried + 1)

    def _next(self) -> Due | None:
        with self._changed:
            while not self._stopped:
                wait = self._queue[0].at - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._queue)
                self._changed.wait(wait)
        return None

    def _try(self, letter: Letter) -> bool:
        try:
            status, answer = send(letter)
        except (OSError, HTTPException) as error:
            status, answer = 0, str(error).encode()
        accepted = status == 200 and answer.strip() == b"success"
        self._record(letter.trade_no, accepted)
        log.info("notice of %s: %s %r", letter.trade_no, status or "no answer", answer[:80])
        return accepted
