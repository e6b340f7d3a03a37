"""A day is over when it is over everywhere, and not while somebody may still write to it."""

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger.rules import PATIENCE, open_since, settled_before, settles_at
from tests.kit.depth import DEPTH

often = settings(max_examples=100 * DEPTH, deadline=None)
moments = st.integers(1_600_000_000, 2_200_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


@given(moments, st.integers(-12 * 4, 14 * 4))
@often
def test_today_is_open_in_every_zone(now: datetime, quarters: int) -> None:
    today = now.astimezone(timezone(timedelta(minutes=15 * quarters))).date()

    assert open_since(now) <= today


@given(moments, st.floats(0, 3600, exclude_max=True))
@often
def test_no_unit_of_less_than_an_hour_writes_to_a_settled_day(began: datetime, seconds: float) -> None:
    assert settled_before(began + timedelta(seconds=seconds)) <= open_since(began)


@given(moments)
@often
def test_a_day_settles_at_its_moment_and_not_before(now: datetime) -> None:
    day = now.date()

    assert settled_before(settles_at(day)) == day + timedelta(days=1)
    assert settled_before(settles_at(day) - timedelta(microseconds=1)) == day


def test_by_hand() -> None:
    assert open_since(datetime(2026, 3, 10, 0, 0, tzinfo=UTC)) == date(2026, 3, 9)
    assert settles_at(date(2026, 3, 8)) == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    assert timedelta(hours=1) == PATIENCE
