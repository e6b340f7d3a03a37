"""Gathering: what threads of one process ask for at the same moment is done together, by the first of them.

Who comes alone is served alone and at once. In a rush each thread finds others already waiting, so that one unit, one
commit and one set of statements serve them all: the same verb with more rows, never a second path.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class _Call(Generic[T]):
    """Something a thread asks for, and what became of it."""

    def __init__(self, value: T) -> None:
        self.value = value
        self.woken = threading.Event()
        self.done = False
        self.error: BaseException | None = None


class Gather(Generic[T]):
    """Does what is asked for under one key together; keys do not wait for each other."""

    def __init__(self, together: Callable[[Hashable, Sequence[T]], None], *, most: int) -> None:
        self._together, self._most = together, most
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, deque[_Call[T]]] = {}

    def ask(self, key: Hashable, value: T) -> None:
        """Have `value` done, with others or alone; raises what doing them together raised."""
        mine = _Call(value)
        with self._lock:
            queue = self._waiting.get(key)
            if queue is not None:
                queue.append(mine)
            else:
                self._waiting[key] = deque([mine])
        if queue is not None:
            mine.woken.wait()
        if not mine.done:
            self._lead(key)
        if mine.error is not None:
            raise mine.error

    def _lead(self, key: Hashable) -> None:
        """Do what waits, our own among it, and let the next one lead: nobody serves others for ever."""
        with self._lock:
            queue = self._waiting[key]
            calls = [queue.popleft() for _ in range(_round(min(len(queue), self._most)))]
        error: BaseException | None = None
        try:
            self._together(key, [call.value for call in calls])
        except BaseException as raised:
            error = raised
        for call in calls:
            call.done, call.error = True, error
            call.woken.set()
        self._hand_over(key)

    def _hand_over(self, key: Hashable) -> None:
        with self._lock:
            queue = self._waiting[key]
            if queue:
                queue[0].woken.set()  # not done yet, so it leads
            else:
                del self._waiting[key]


def _round(count: int) -> int:
    """Return the power of two at or below: few different sizes mean few different statements to make and to plan."""
    return 1 << (count.bit_length() - 1)
