"""Gathering: what threads of one process ask for at the same moment is done together, by the first of them.

Who comes alone is served alone and at once. In a rush each thread finds others already waiting, so that one unit, one
commit and one set of statements serve them all: the same verb with more rows, never a second path.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar, cast

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")


class _Call(Generic[T, R]):
    """Something a thread asks for, and what became of it."""

    def __init__(self, value: T) -> None:
        self.value = value
        self.woken = threading.Event()
        self.answer: R | BaseException | None = None
        self.done = False


class Gather(Generic[K, T, R]):
    """Does what is asked for under one key together; keys do not wait for each other.

    `together` answers each value in its place, or gives the exception that is to be raised where it was asked.
    """

    def __init__(self, together: Callable[[K, Sequence[T]], Sequence[R | BaseException]], *, most: int) -> None:
        self._together, self._most = together, most
        self._lock = threading.Lock()
        self._waiting: dict[K, deque[_Call[T, R]]] = {}

    def ask(self, key: K, value: T) -> R:
        """Have `value` done, with others or alone, and return its answer; raises what came of it, or of all."""
        mine = _Call[T, R](value)
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
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        return cast("R", mine.answer)

    def _lead(self, key: K) -> None:
        """Do what waits, our own among it, and let the next one lead: nobody serves others for ever."""
        with self._lock:
            queue = self._waiting[key]
            calls = [queue.popleft() for _ in range(_round(min(len(queue), self._most)))]
        answers: Sequence[R | BaseException]
        try:
            answers = self._together(key, [call.value for call in calls])
        except BaseException as raised:
            answers = [raised] * len(calls)
        for call, answer in zip(calls, answers, strict=True):
            call.answer, call.done = answer, True
            call.woken.set()
        self._hand_over(key)

    def _hand_over(self, key: K) -> None:
        with self._lock:
            queue = self._waiting[key]
            if queue:
                queue[0].woken.set()  # not done yet, so it leads
            else:
                del self._waiting[key]


def _round(count: int) -> int:
    """Return the power of two at or below: few different sizes mean few different statements to make and to plan."""
    return 1 << (count.bit_length() - 1)
