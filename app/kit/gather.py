"""Gathering: what threads of one process ask for at the same moment is done together, by the first of them.

Who comes alone is served alone and at once. In a rush each thread finds others already waiting, so that one unit, one
commit and one set of statements serve them all: the same verb with more rows, never a second path. A round is closed
as late as can be, when its unit has its turn to write: whoever comes while it waits for that still goes with it.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Generic, TypeVar, cast, overload

from app.kit import crowd, db

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")
FEW = 4  # as many as threads serve at once; above that powers of two


class _Call(Generic[T, R]):
    """Something a thread asks for, and what became of it."""

    def __init__(self, value: T) -> None:
        self.value = value
        self.woken = threading.Event()
        self.answer: R | BaseException | None = None
        self.done = False


class Round(Sequence[T], Generic[T, R]):
    """What is done together: it is closed when it is first looked at, and stays as it is then."""

    def __init__(self, close: Callable[[], list[_Call[T, R]]]) -> None:
        self._close = close

    @cached_property
    def calls(self) -> list[_Call[T, R]]:
        if db.is_open():
            db.session()  # waits for its turn
        return self._close()

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        return [call.value for call in self.calls][place]

    def __len__(self) -> int:
        return len(self.calls)


class Gather(Generic[K, T, R]):
    """Does what is asked for under one key together; keys do not wait for each other.

    `together` answers each value of a `Round` in its place, or gives the exception that is to be raised where it was
    asked.
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
            with crowd.waiting():
                mine.woken.wait()
        if not mine.done:
            self._lead(key)
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        return cast("R", mine.answer)

    def _lead(self, key: K) -> None:
        """Do what waits, our own among it, and let the next one lead: nobody serves others for ever."""
        served = Round(lambda: self._close(key))
        answers: Sequence[R | BaseException]
        try:
            answers = self._together(key, served)
        except BaseException as raised:
            answers = [raised] * len(served)
        for call, answer in zip(served.calls, answers, strict=True):
            call.answer, call.done = answer, True
            call.woken.set()
        self._hand_over(key)

    def _close(self, key: K) -> list[_Call[T, R]]:
        with self._lock:
            queue = self._waiting[key]
            return [queue.popleft() for _ in range(_round(min(len(queue), self._most)))]

    def _hand_over(self, key: K) -> None:
        with self._lock:
            queue = self._waiting[key]
            if queue:
                queue[0].woken.set()  # not done yet, so it leads
            else:
                del self._waiting[key]


def _round(count: int) -> int:
    """Return how many are served of so many: few different sizes mean few different statements to make and to plan."""
    return count if count <= FEW else 1 << (count.bit_length() - 1)
