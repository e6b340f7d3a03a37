"""Telling shops: signed notices, by GET or POST, repeated until the shop answers `success`."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from simulators.common.telling import SILENT, Schedule, send

DELAYS = (5, 30, 120, 600, 1800, 7200)
FORM = "application/x-www-form-urlencoded"
log = logging.getLogger(__name__)


class Letter(NamedTuple):
    """A notice on its way: what it says, where to, and how."""

    trade_no: str
    url: str
    fields: dict[str, str]
    by_post: bool


class Due(NamedTuple):
    """A letter that waits for its moment."""

    letter: Letter
    tried: int


def bring(letter: Letter) -> tuple[int, bytes]:
    """Send a letter once; follow no redirect."""
    form = urlencode(letter.fields)
    if letter.by_post:
        return send("POST", letter.url, form.encode(), {"Content-Type": FORM})
    return send("GET", f"{letter.url}?{form}")


class Post:
    """Sends letters from a thread of its own; `pace` shortens the schedule, 0.01 makes an hour 36 seconds."""

    def __init__(
        self, record: Callable[[str, bool], None], *, delays: Sequence[float] = DELAYS, pace: float = 1
    ) -> None:
        self._record, self._delays = record, [delay * pace for delay in delays]
        self._schedule = Schedule(self._tell, name="epay-notices", threads=1)

    def start(self) -> None:
        """Start sending."""
        self._schedule.start()

    def stop(self) -> None:
        """Stop sending; what was not told yet stays untold."""
        self._schedule.stop()

    def bring(self, letter: Letter, delay: float = 0, tried: int = 0) -> None:
        """Have a letter sent after a delay."""
        self._schedule.put(Due(letter, tried), delay)

    def _tell(self, due: Due) -> None:
        accepted = self._try(due.letter)
        if not accepted and due.tried < len(self._delays):
            self.bring(due.letter, self._delays[due.tried], due.tried + 1)

    def _try(self, letter: Letter) -> bool:
        try:
            status, answer = bring(letter)
        except SILENT as error:
            status, answer = 0, str(error).encode()
        accepted = status == 200 and answer.strip() == b"success"
        self._record(letter.trade_no, accepted)
        log.info("notice of %s: %s %r", letter.trade_no, status or "no answer", answer[:80])
        return accepted
