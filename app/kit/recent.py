"""What hardly ever changes, remembered in this process for a moment; never sessions, permissions or links."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from app.kit import db

T = TypeVar("T")
SECONDS = 3.0
ASKING = 0.5  # while one thread asks anew, others go on with what was known
MOST = 1024


class Recent(Generic[T]):
    """Answers of one question by key: from memory for `SECONDS`, then asked anew; what is not there is asked always."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Any, ...], tuple[float, T]] = {}

    def find(self, key: tuple[Any, ...], ask: Callable[[], T | None]) -> T | None:
        """Return what is remembered under `key`, else what `ask` answers; inside a unit."""
        full = (db.engine(), *key)
        now, known = time.monotonic(), self._answers.get(full)
        if known and now < known[0]:
            return known[1]
        if known:
            self._answers[full] = now + ASKING, known[1]
        answer = ask()
        if answer is not None:
            self._learn(full, answer)
        else:
            self._answers.pop(full, None)
        return answer

    def forget(self) -> None:
        """Let this process ask anew once the running unit is committed: what was remembered may be about to change."""
        db.unit().after_commit.append(self._answers.clear)

    def _learn(self, key: tuple[Any, ...], answer: T) -> None:
        """Remember an answer; one seen by a writer only after its commit, since it may be what it wrote itself."""
        unit = db.unit()
        if unit.writing:
            unit.after_commit.append(lambda: self._keep(key, answer))
        else:
            self._keep(key, answer)

    def _keep(self, key: tuple[Any, ...], answer: T) -> None:
        if len(self._answers) >= MOST:
            self._answers.clear()
        self._answers[key] = (time.monotonic() + SECONDS, answer)
