"""Lanes side by side: a lane whose server does not answer holds up no other, and not the process either.

Within its time a drain serves every lane on a thread of its own. A lane that hangs in one call is left alone once the
others have nothing to do: it ends that call and rings for what is left, and the next drain goes on without it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context

from app.kit import bell
from app.kit.effects.kinds import Lane

PATIENCE = 1.0  # seconds that a drain waits for a lane in which nothing ends
GLANCE = 0.02
REST = 0.32  # the longest that a lane with nothing to do sleeps while others work: to look costs the database

Serve = Callable[[Lane, Callable[[], bool]], int]  # (lane, whether to go on): serves what is due, returns how many

_left: dict[Lane, threading.Thread] = {}


def together(lanes: Sequence[Lane], serve: Serve, *, seconds: float) -> int:
    """Serve these lanes side by side for so long, but for those that still hang, and return what `serve` counted."""
    free = [lane for lane in lanes if not (lane in _left and _left[lane].is_alive())]
    if len(free) == 1 == len(lanes):
        until = time.monotonic() + seconds
        return serve(free[0], lambda: time.monotonic() < until)
    watch = _Watch(time.monotonic() + seconds)
    drivers = [_Driver(lane, serve, watch) for lane in free]
    for driver in drivers:
        driver.start()
    while not all(driver.rests or driver.hangs for driver in drivers) and not watch.is_over:
        time.sleep(GLANCE)
    watch.over.set()
    return sum(_ended(driver) for driver in drivers)


class _Watch:
    """Until when lanes look for more to do."""

    def __init__(self, until: float) -> None:
        self._until = until
        self.over = threading.Event()

    @property
    def is_over(self) -> bool:
        return self.over.is_set() or time.monotonic() >= self._until


class _Driver(threading.Thread):
    """Serves one lane until its drain is over."""

    def __init__(self, lane: Lane, serve: Serve, watch: _Watch) -> None:
        super().__init__(name=f"lane {lane.name.lower()}")
        self.lane, self.rests, self.served = lane, False, 0
        self.failure: BaseException | None = None
        self.is_left = False
        self._serve, self._watch = serve, watch
        self._context = copy_context()
        self._moved = time.monotonic()

    @property
    def hangs(self) -> bool:
        return not self.rests and time.monotonic() - self._moved > PATIENCE

    def run(self) -> None:
        try:
            self._context.run(self._drive)
        except BaseException as error:
            self.failure = error
        finally:
            self.rests = True
            if self.is_left:
                bell.ring(bell.EFFECTS)

    def _drive(self) -> None:
        rest = GLANCE
        while not self._watch.is_over:
            served = self._serve(self.lane, self._may_go_on)
            self.served += served
            self.rests = served == 0
            rest = min(2 * rest, REST) if self.rests else GLANCE
            if self.rests:
                self._watch.over.wait(rest)

    def _may_go_on(self) -> bool:
        """Tell whether there is time for another turn; asked between turns, so it is also a sign of life."""
        self._moved = time.monotonic()
        return not self._watch.is_over


def _ended(driver: _Driver) -> int:
    """Wait for a lane, unless it hangs, and return how many it served."""
    while driver.is_alive() and not driver.hangs:
        driver.join(GLANCE)
    if driver.is_alive():
        driver.is_left = True
        _left[driver.lane] = driver
    if driver.failure is not None:
        raise driver.failure
    return driver.served
