"""The rules of the way to a buyer: nights, numbers, wishes, and how quick it was."""

from datetime import UTC, datetime, timedelta

import pytest

from app.delivery.models import About, Channel
from app.delivery.plan import Plan, pace, percentile, quiet_until, usable
from app.delivery.rules import is_one_phone, phone_number

SMS, EMAIL = Channel.SMS, Channel.EMAIL


# At night --------------------------------------------------------------------------------------------------------

SHANGHAI = "Asia/Shanghai"
NIGHT = Plan(quiet_from=22 * 60, quiet_to=8 * 60, waiting=frozenset({About.READY}))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2027-01-31T13:59", None),  # 21:59
        ("2027-01-31T14:00", "2027-02-01T00:00"),  # 22:00 → 08:00 of the next day
        ("2027-01-31T16:00", "2027-02-01T00:00"),  # midnight
        ("2027-01-31T23:59", "2027-02-01T00:00"),  # 07:59
        ("2027-02-01T00:00", None),  # 08:00
    ],
)
def test_the_night_goes_over_midnight_in_the_shops_own_time(at: str, until: str | None) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)

    found = quiet_until(NIGHT, SMS, About.READY, asked=False, at=moment, zone=SHANGHAI)

    assert found == (until and datetime.fromisoformat(until).replace(tzinfo=UTC))


def test_the_night_ends_by_the_clock_on_the_wall_when_the_clocks_change() -> None:
    late = datetime(2027, 3, 27, 22, 30, tzinfo=UTC)  # 23:30 in Berlin, where the clock jumps at 02:00

    found = quiet_until(NIGHT, SMS, About.READY, asked=False, at=late, zone="Europe/Berlin")

    assert found == datetime(2027, 3, 28, 6, 0, tzinfo=UTC)  # 08:00 in summer time


@pytest.mark.parametrize(
    ("channel", "about", "asked"),
    [(EMAIL, About.READY, False), (SMS, About.CODE, False), (SMS, About.READY, True), (SMS, About.REFUNDED, False)],
)
def test_the_night_holds_up_nothing_that_wakes_nobody_or_that_somebody_asked_for(
    channel: Channel, about: About, asked: bool
) -> None:
    midnight = datetime(2027, 1, 31, 16, tzinfo=UTC)

    assert quiet_until(NIGHT, channel, about, asked=asked, at=midnight, zone=SHANGHAI) is None


def test_what_a_buyer_can_do_without_is_left_out_when_they_say_so() -> None:
    def by(about: About, *, asked: bool = False, everything: bool = False) -> list[Channel]:
        return usable(Plan(), [EMAIL], about=about, asked=asked, out={EMAIL: everything})

    assert (by(About.QUEUED), by(About.READY), by(About.REFUNDED)) == ([], [EMAIL], [EMAIL])
    assert by(About.READY, everything=True) == []
    assert by(About.READY, everything=True, asked=True) == [EMAIL], "who asks for it wants it"


@pytest.mark.parametrize(
    ("contact", "number", "sure"),
    [
        ("138 0013 8000", "+8613800138000", True),
        ("+86 138-0013-8000", "+8613800138000", True),
        ("0086 13800138000", "+8613800138000", True),
        ("１３８００１３８０００", "+8613800138000", True),
        ("+44 7700 900123", "+447700900123", True),
        ("+1 380 013 8000", "+13800138000", False),  # its index is that of a Chinese mobile
        ("447700900123", "", False),
        ("+86 10 6552 9988", "", False),  # no SMS comes to a landline
        ("dora@example.com", "", False),
        ("wechat:dora", "", False),
    ],
)
def test_a_phone_number_is_dialled_as_the_world_does(contact: str, number: str, sure: bool) -> None:
    assert (phone_number(contact), is_one_phone(contact)) == (number, sure)


# How quick -------------------------------------------------------------------------------------------------------


def test_a_percentile_is_right_within_a_fifth() -> None:
    taken = [timedelta(milliseconds=each) for each in (3, 40, 41, 42, 900, 90_000)]
    paces: dict[int, int] = {}
    for each in taken:
        paces[pace(each)] = paces.get(pace(each), 0) + 1

    for share, real in ((0.5, 41), (0.75, 900), (1.0, 90_000)):
        found = percentile(paces, share)
        assert found
        assert real <= found / timedelta(milliseconds=1) < real * 1.2
    assert percentile({}, 0.5) is None


def test_a_channel_is_moved_and_stays_at_the_ends() -> None:
    first, second = Plan().all()[:2]

    assert Plan().moved(second, up=True).all()[:2] == [second, first]
    assert Plan().moved(first, up=True) == Plan()
    assert Plan(off=frozenset({first})).order()[0] is second
