"""Few threads of a process compute at once, since they share one interpreter; who only waits lets the next one in.

So a process can hold many requests that wait for the same turn, and do them together, while a page that needs nothing
but the processor is not slowed down by a crowd. Who comes back from waiting goes on at once: nobody who holds a lock
waits here. And while one computes whom the threads of all processes wait for, the others of its own process pause.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 3  # more of them make a page slower, not a process faster (measured)
LONGEST_ALONE = 0.1  # seconds

_changed = threading.Condition()
_working = 0
_nobody_alone = threading.Event()
_nobody_alone.set()
_alone_until = 0.0  # of time.monotonic()
_mine = threading.local()


@contextmanager
def at_work() -> Iterator[None]:
    """Compute, once fewer than AT_ONCE others of this process do."""
    global _working
    with _changed:
        _changed.wait_for(lambda: _working < AT_ONCE)
        _working += 1
    _mine.is_counted = True
    try:
        yield
    finally:
        _mine.is_counted = False
        _leave()


@contextmanager
def waiting() -> Iterator[None]:
    """Wait for something else than the processor; outside of `at_work` this changes nothing."""
    global _working
    if not getattr(_mine, "is_counted", False):
        yield
        return
    _leave()
    try:
        yield
    finally:
        with _changed:
            _working += 1


@contextmanager
def alone() -> Iterator[None]:
    """Compute while the others of this process pause where they give way: whoever holds what all wait for does this.

    Else it would wait for the interpreter after each of its statements, which others give back every 5 ms. What takes
    longer than LONGEST_ALONE goes on beside them.
    """
    global _alone_until
    _mine.is_alone = True
    _alone_until = time.monotonic() + LONGEST_ALONE
    _nobody_alone.clear()
    try:
        yield
    finally:
        _mine.is_alone = False
        _nobody_alone.set()


def give_way() -> None:
    """Pause while another thread of this process computes alone."""
    if not _nobody_alone.is_set() and not getattr(_mine, "is_alone", False):
        _nobody_alone.wait(max(0.0, _alone_until - time.monotonic()))


def _leave() -> None:
    global _working
    with _changed:
        _working -= 1
        _changed.notify()
