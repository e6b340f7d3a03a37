"""Few threads of a process compute at once, since they share one interpreter; who only waits lets the next one in.

So a process can hold many requests that wait for the same turn, and do them together, while a page that needs nothing
but the processor is not slowed down by a crowd. Who comes back from waiting goes on at once: nobody who holds a lock
waits here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 3  # more of them make a page slower, not a process faster (measured)

_changed = threading.Condition()
_working = 0
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


def _leave() -> None:
    global _working
    with _changed:
        _working -= 1
        _changed.notify()
