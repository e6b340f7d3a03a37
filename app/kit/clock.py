"""The application's clock: every moment that decides something comes from here, aware and in UTC."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """Return the present moment, aware, UTC, to the microsecond."""
    return _source()


@contextmanager
def running(source: Callable[[], datetime]) -> Iterator[None]:
    """Let `source` tell the time inside the block; simulations and tests move it by hand."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
