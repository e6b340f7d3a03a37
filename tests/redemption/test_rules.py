"""Rules of redemption in tables: the window of a voucher, and what speaks against a use first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.kit.errors import Refusal
from app.redemption import errors
from app.redemption.models import RowState
from app.redemption.rules import REASONS, Facts, Rule, Wish, fault_of, idem_of, rounds, state_of, why_not, window

SHANGHAI = ZoneInfo("Asia/Shanghai")
DELIVERED = datetime(2026, 3, 10, 17, 30, tzinfo=UTC)  # in Shanghai it is the 11th already
NOW = datetime(2026, 3, 15, 4, 0, tzinfo=UTC)
HERE, THERE = UUID(int=1), UUID(int=2)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("rule", "first", "end"),
    [
        (Rule(), at("2026-03-11"), None),
        (Rule(valid_days=0), at("2026-03-11"), at("2026-03-12")),
        (Rule(valid_days=30), at("2026-03-11"), at("2026-04-11")),
        (Rule(valid_from=date(2026, 3, 1)), at("2026-03-11"), None),
        (Rule(valid_from=date(2026, 4, 1)), at("2026-04-01"), None),
        (Rule(valid_until=date(2026, 12, 31)), at("2026-03-11"), at("2027-01-01")),
        (Rule(valid_days=30, valid_until=date(2026, 3, 31)), at("2026-03-11"), at("2026-04-01")),
        (Rule(valid_days=5, valid_until=date(2026, 3, 31)), at("2026-03-11"), at("2026-03-17")),
    ],
)
def test_a_window_begins_with_the_day_of_delivery_and_its_last_day_counts_whole(
    rule: Rule, first: datetime, end: datetime | None
) -> None:
    assert window(rule, DELIVERED, SHANGHAI) == (first, end)


GOOD = Facts(True, False, False, Rule(), uses_left=1, valid_from=DELIVERED)
WISH = Wish(1, NOW, date(2026, 3, 15), None, by_oneself=False)
LIMITED, BLACK = Rule(places=(HERE,)), Rule(blackout=(date(2026, 3, 15),))


@pytest.mark.parametrize(
    ("facts", "wish", "reason"),
    [
        ({}, {}, ""),
        ({"revoked": True, "ready": False, "uses_left": 0}, {}, "was_refunded"),
        ({"ready": False}, {}, "not_delivered"),
        ({"barred": True, "uses_left": 0}, {}, "barred"),
        ({"valid_from": None, "rule": None}, {}, "redeemed_elsewhere"),
        ({"uses_left": 0}, {}, "already_redeemed"),
        ({"uses_left": 2}, {"count": 3}, "too_many_at_once"),
        ({"uses_left": 0, "valid_until": NOW}, {}, "already_redeemed"),  # what it was used for says more
        ({"valid_from": NOW + timedelta(microseconds=1)}, {}, "not_valid_yet"),
        ({"valid_from": NOW}, {}, ""),
        ({"valid_until": NOW}, {}, "no_longer_valid"),
        ({"valid_until": NOW + timedelta(microseconds=1)}, {}, ""),
        ({"rule": BLACK}, {}, "blackout_day"),
        ({"rule": BLACK}, {"today": date(2026, 3, 16)}, ""),
        ({"rule": LIMITED}, {}, "wrong_location"),
        ({"rule": LIMITED}, {"location_id": THERE}, "wrong_location"),
        ({"rule": LIMITED}, {"location_id": HERE}, ""),
        ({}, {"by_oneself": True}, "not_by_oneself"),
        ({"rule": Rule(self_service=True)}, {"by_oneself": True}, ""),
        ({"rule": None}, {}, ""),  # the rule was dropped, the voucher stays good
        ({"rule": None}, {"by_oneself": True}, "not_by_oneself"),
    ],
)
def test_the_first_thing_that_speaks_against_a_use(facts: dict[str, Any], wish: dict[str, Any], reason: str) -> None:
    assert why_not(replace(GOOD, **facts), replace(WISH, **wish)) == reason


def test_every_reason_has_a_refusal_of_the_same_word() -> None:
    words = {kind.code.fget(kind.__new__(kind)) for kind in vars(errors).values() if is_refusal(kind)}

    assert REASONS.keys() - {"duplicate"} <= words


def is_refusal(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Refusal)


def test_problems_stand_above_what_is_ready() -> None:
    assert state_of("") is RowState.READY
    assert all(state_of(reason) > RowState.READY for reason in REASONS)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(), ""),
        (Rule(uses=0), "uses"),
        (Rule(uses=1001), "uses"),
        (Rule(valid_days=-1), "valid_days"),
        (Rule(valid_days=3661), "valid_days"),
        (Rule(valid_from=date(2026, 2, 2), valid_until=date(2026, 2, 1)), "valid_until"),
        (Rule(valid_from=date(2026, 2, 2), valid_until=date(2026, 2, 2)), ""),
        (Rule(places=(HERE, THERE)), "places"),
        (Rule(places=(HERE,)), ""),
    ],
)
def test_a_rule_that_makes_no_sense_names_its_field(rule: Rule, field: str) -> None:
    assert fault_of(rule, {HERE}) == field


def test_rounds_use_each_entitlement_once_and_lose_none() -> None:
    class One:
        def __init__(self, number: int, place: int) -> None:
            self.entitlement_id, self.place = UUID(int=number), place

    wanted = [One(number, place) for place, number in enumerate([1, 2, 1, 3, 1, 2])]
    turns = [[one.place for one in turn] for turn in rounds(wanted)]

    assert turns == [[0, 1, 3], [2, 5], [4]]


def test_a_key_is_its_principals_own() -> None:
    assert len({idem_of("a", "b"), idem_of("ab", ""), idem_of("a", "c"), idem_of("x", "b")}) == 4
