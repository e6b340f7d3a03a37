"""There is one clock; it is aware, and tests may move it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.dialects import registry

from app.kit import clock
from app.kit.columns import Moment

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_now_is_aware_and_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_another_source_tells_the_time_inside_its_block_only() -> None:
    with clock.running(lambda: NOON):
        assert clock.now() == NOON
        with clock.running(lambda: NOON + timedelta(hours=1)):
            assert clock.now() == NOON + timedelta(hours=1)
        assert clock.now() == NOON

    assert clock.now() > NOON


def test_a_block_that_fails_gives_the_time_back() -> None:
    with pytest.raises(LookupError), clock.running(lambda: NOON):
        raise LookupError

    assert clock.now() > NOON


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_moment_without_a_zone_decides_nothing(engine: str) -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        Moment().process_bind_param(datetime(2026, 3, 1, 12), registry.load(engine)())  # noqa: DTZ001
