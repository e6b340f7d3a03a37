"""Doors: where several calls in a row came to nothing, nobody knocks for a while, and nothing uses up its tries there.

After the pause one call tries again: when it gets through, all that waited goes on at once. Each process finds out by
itself, which costs a few calls and needs nobody's agreement.
"""

import threading
from datetime import UTC, datetime, timedelta

from app.kit import clock

IN_A_ROW = 3
EVER = datetime(2000, 1, 1, tzinfo=UTC)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0  # seconds; doubled each time


class Doors:
    """The doors that this process found shut."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._shut_until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def is_shut(self, door: str) -> bool:
        """Tell whether nobody knocks at a door just now."""
        return clock.now() < self._shut_until.get(door, EVER)

    def tell(self, door: str, *, well: bool) -> None:
        """Remember how a call went that was made through a door."""
        if not door:
            return
        with self._lock:
            failures = 0 if well else self._failures.get(door, 0) + 1
            self._failures[door] = failures
            if failures >= IN_A_ROW:
                pause = min(FIRST_PAUSE * 2.0 ** min(failures - IN_A_ROW, 10), LONGEST_PAUSE)
                self._shut_until[door] = clock.now() + timedelta(seconds=pause)
            else:
                self._shut_until.pop(door, None)

    def open_all(self) -> None:
        """Forget what was found, as a new process would."""
        with self._lock:
            self._failures.clear()
            self._shut_until.clear()
