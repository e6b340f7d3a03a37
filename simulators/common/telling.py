"""Telling shops: things to be told, each at its moment, and the HTTP that brings them."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

T = TypeVar("T")
TIMEOUT = 10.0
SILENT = (OSError, HTTPException)  # what comes of telling somebody who does not answer


class Schedule(Generic[T]):
    """Hands things out when they are due, the earliest first, to threads of its own or to whoever takes them."""

    def __init__(
        self, tell: Callable[[T], None], *, name: str, threads: int = 4, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._clock = tell, clock
        self._due: list[tuple[float, int, T]] = []  # the number keeps equal times in order
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(threads)]

    def start(self) -> None:
        """Start telling."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop telling, waiting a moment for what is under way; what was not told yet stays untold."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        patience = time.monotonic() + 1
        for thread in self._threads:
            if thread.ident:
                thread.join(max(0, patience - time.monotonic()))

    def put(self, thing: T, delay: float = 0.0) -> None:
        """Have a thing told after a delay."""
        with self._changed:
            heapq.heappush(self._due, (self._clock() + delay, next(self._numbers), thing))
            self._changed.notify()

    def take(self) -> T | None:
        """Return the next thing that is due by now, in place of the threads."""
        with self._changed:
            return heapq.heappop(self._due)[2] if self._due and self._due[0][0] <= self._clock() else None

    def _run(self) -> None:
        while (thing := self._next()) is not None:
            self._tell(thing)

    def _next(self) -> T | None:
        """Wait for the next thing that is due; None when we were stopped."""
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - self._clock() if self._due else None
                if wait is not None and wait <= 0:
                    # Whoever was watching the clock may be the one who leaves to tell.
                    self._changed.notify()
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None


def send(
    method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, timeout: float = TIMEOUT
) -> tuple[int, bytes]:
    """Send one request and return the status and the beginning of the answer; follow no redirect. Raises SILENT."""
    address = urlsplit(url)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.hostname or "", address.port, timeout=timeout)
    path = urlunsplit(("", "", address.path or "/", address.query, ""))
    try:
        connection.request(method, path, body or None, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read(200)
    finally:
        connection.close()
