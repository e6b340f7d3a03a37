"""Telling the shop: signed notices, posted from threads of our own until the shop answers `success`."""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simulators.common.telling import SILENT, Schedule, send
from simulators.test_gateway.signing import sign_body
from simulators.test_gateway.trades import Trade

RETRY_DELAYS = (1, 2, 4, 8, 15, 30, 60, 120, 240)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notice:
    """What a shop is told, the address it is told at and the key that signs it."""

    trade_no: str
    url: str
    key: str
    body: bytes


class Posting(NamedTuple):
    """A notice to be posted after a delay; a faulty gateway plans none, several, late or altered ones."""

    delay: float
    notice: Notice


Plan = Callable[[Notice], Sequence[Posting]]
Post = Callable[[Notice, float], tuple[int, bytes]]


class Due(NamedTuple):
    """A posting that waits for its moment."""

    notice: Notice
    tried: int
    first_try: threading.Event


def compose(trade: Trade, key: str) -> Notice:
    """Return the notice of a paid trade; the same trade always gives the same bytes."""
    told = ("merchant_no", "out_trade_no", "trade_no", "amount", "currency", "status", "paid_at")
    body = json.dumps({name: getattr(trade, name) for name in told}, separators=(",", ":")).encode()
    return Notice(trade.trade_no, trade.notify_url, key, body)


def honest(notice: Notice) -> Sequence[Posting]:
    """Plan what a good gateway does: this notice, once, now."""
    return (Posting(0, notice),)


def post(notice: Notice, now: float) -> tuple[int, bytes]:
    """Post the notice, signed for this moment; follow no redirect."""
    timestamp = int(now)
    headers = {
        "Content-Type": "application/json",
        "Test-Gateway-Timestamp": str(timestamp),
        "Test-Gateway-Signature": sign_body(notice.key, timestamp, notice.body),
    }
    return send("POST", notice.url, notice.body, headers)


class NoticeSender:
    """Posts planned notices in time order and repeats each until `success` or until the tries are used up."""

    def __init__(
        self,
        record: Callable[[str, bool], None],
        *,
        clock: Callable[[], float] = time.time,
        plan: Plan = honest,
        delays: Sequence[float] = RETRY_DELAYS,
        post: Post = post,
    ) -> None:
        self.plan, self._post = plan, post
        self._record, self._clock, self._delays = record, clock, delays
        self._schedule = Schedule(self._tell, name="notices")

    def start(self) -> None:
        """Start posting."""
        self._schedule.start()

    def stop(self) -> None:
        """Stop posting, waiting a moment for what is under way; what was not told yet stays untold."""
        self._schedule.stop()

    def send(self, notice: Notice, tried: int = 0) -> threading.Event:
        """Queue what the plan makes of this notice; the event is set after the first try, however it ended."""
        first_try = threading.Event()
        if tried <= len(self._delays):
            for delay, planned in self.plan(notice):
                self._schedule.put(Due(planned, tried, first_try), delay)
        return first_try

    def _tell(self, due: Due) -> None:
        accepted = self._try(due)
        due.first_try.set()
        if not accepted and due.tried < len(self._delays):
            self._schedule.put(due._replace(tried=due.tried + 1), self._delays[due.tried])

    def _try(self, due: Due) -> bool:
        try:
            status, answer = self._post(due.notice, self._clock())
        except SILENT as error:
            status, answer = 0, str(error).encode()
        accepted = (status, answer) == (200, b"success")
        self._record(due.notice.trade_no, accepted)
        log.info("notice of %s, try %d: %s %r", due.notice.trade_no, due.tried + 1, status or "no answer", answer[:80])
        return accepted
