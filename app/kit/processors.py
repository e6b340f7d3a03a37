"""Processors, where there are too few for all who would compute."""

import time
from contextlib import suppress

CROWDED = 0.1  # of the time that something took, spent in line for a processor


def waited() -> float:
    """Return for how many seconds this thread stood in line for a processor so far; 0.0 where no kernel tells."""
    with suppress(OSError, ValueError, IndexError), open("/proc/thread-self/schedstat", encoding="ascii") as told:
        return int(told.read().split()[1]) / 1e9
    return 0.0


def leave_room(waited_before: float, *, took: float, at_most: float) -> None:
    """Wait that long where what just took so many seconds stood in line for much of them."""
    if waited() - waited_before > CROWDED * took:
        time.sleep(at_most)
