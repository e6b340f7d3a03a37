"""Which steps fit a problem follows from how the code really stands, and from nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.support.models import Problem
from app.support.rules import Condition, fixes

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
SOUND = Condition(
    is_ready=True,
    is_revoked=False,
    in_review=False,
    is_frozen=False,
    reveals=1,
    strangers=0,
    last_look_at=NOW,
    expired_on=None,
    used_at=None,
    verdict="",
    is_ours=False,
    has_site=True,
    is_mailed=True,
    returns_at=None,
)


@pytest.mark.parametrize(
    ("problem", "changes", "first"),
    [
        (Problem.INVALID, {}, "copy"),
        (Problem.INVALID, {"reveals": 0}, "hidden"),
        (Problem.INVALID, {"is_frozen": True}, "frozen"),
        (Problem.INVALID, {"expired_on": date(2027, 1, 30)}, "expired"),
        (Problem.INVALID, {"used_at": NOW}, "used"),
        (Problem.INVALID, {"is_revoked": True, "is_ready": False}, "refunded"),
        (Problem.USED, {}, "only_you"),
        (Problem.USED, {"strangers": 1}, "strangers"),
        (Problem.USED, {"reveals": 0}, "never_opened"),
        (Problem.USED, {"used_at": NOW}, "used"),
        (Problem.PLACE, {}, "region"),
        (Problem.ABSENT, {}, "arrived"),
        (Problem.ABSENT, {"is_ready": False}, "waits"),
        (Problem.ABSENT, {"is_ready": False, "in_review": True}, "review"),
        (Problem.WRONG, {}, "not_taken_back"),
        (Problem.WRONG, {"reveals": 0}, "keep_hidden"),
    ],
)
def test_what_is_surely_so_comes_first(problem: Problem, changes: dict[str, object], first: str) -> None:
    assert fixes(problem, replace(SOUND, **changes))[0] == first  # type: ignore[arg-type]


def test_nobody_is_told_twice() -> None:
    for problem in Problem:
        told = fixes(problem, replace(SOUND, is_ready=False))
        assert len(told) == len(set(told)) > 0


def test_an_order_that_waits_says_when_its_money_comes_back() -> None:
    assert fixes(Problem.ABSENT, replace(SOUND, is_ready=False, returns_at=NOW)) == ("waits", "returns")


def test_what_the_shop_is_told_of_a_code_is_short_and_plain() -> None:
    assert replace(SOUND, reveals=2, expired_on=date(2027, 1, 30)).plain() == {
        "is_ready": "True",
        "reveals": "2",
        "last_look_at": str(NOW),
        "expired_on": "2027-01-30",
        "has_site": "True",
        "is_mailed": "True",
    }
