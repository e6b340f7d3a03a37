"""B2.1: shares sum to the total, each within a unit of exact, in whatever order they are asked for."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kit.money import LARGEST, Money, NotMoney, split
from tests.kit.depth import DEPTH

often = settings(max_examples=100 * DEPTH, deadline=None)
totals = st.one_of(st.integers(-LARGEST, LARGEST), st.integers(-20, 20), st.sampled_from([0, LARGEST, -LARGEST]))
weight = st.one_of(st.integers(0, 10**15), st.integers(0, 9), st.sampled_from([0, 1, 10**15]))
weights = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), weight, min_size=1, max_size=12)


@given(totals, weights)
@often
def test_shares_sum_to_the_total(total: int, by: dict[str, int]) -> None:
    shares = split(Money(total, "CNY"), by)

    assert shares.keys() == by.keys()
    assert sum(share.minor for share in shares.values()) == total
    assert {share.currency for share in shares.values()} == {"CNY"}


@given(totals, weights)
@often
def test_a_share_is_within_one_unit_of_exact(total: int, by: dict[str, int]) -> None:
    shares = split(Money(total, "CNY"), by)

    whole = sum(by.values()) or len(by)
    for party, share in shares.items():
        own = by[party] if any(by.values()) else 1
        assert abs(share.minor * whole - total * own) < whole


@given(totals, weights, st.randoms(use_true_random=False))
@often
def test_the_order_of_the_parties_changes_no_share(total: int, by: dict[str, int], chance: random.Random) -> None:
    shuffled = list(by.items())
    chance.shuffle(shuffled)

    assert split(Money(total, "CNY"), dict(shuffled)) == split(Money(total, "CNY"), by)


@given(totals, weights)
@often
def test_who_weighs_more_never_gets_less(total: int, by: dict[str, int]) -> None:
    shares = split(Money(abs(total), "CNY"), by)

    for one in by:
        for two in by:
            assert by[one] <= by[two] or shares[one].minor >= shares[two].minor
    assert not any(shares[party].minor for party in by if not by[party] and any(by.values()))


@given(totals, weights)
@often
def test_money_back_is_shared_like_money_taken(total: int, by: dict[str, int]) -> None:
    taken, back = split(Money(total, "CNY"), by), split(Money(-total, "CNY"), by)

    assert {party: -share for party, share in back.items()} == taken


@pytest.mark.parametrize(
    ("total", "by", "shares"),
    [
        (100, {"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),  # equal remainders: by name
        (100, {"c": 1, "b": 1, "a": 1}, {"a": 34, "b": 33, "c": 33}),
        (5, {"a": 1, "b": 3}, {"a": 1, "b": 4}),
        (7, {"a": 1, "b": 2, "c": 4}, {"a": 1, "b": 2, "c": 4}),
        (-100, {"a": 1, "b": 1, "c": 1}, {"a": -34, "b": -33, "c": -33}),
        (1, {"a": 0, "b": 0}, {"a": 1, "b": 0}),
        (9, {"a": 0, "b": 5}, {"a": 0, "b": 9}),
        (0, {"a": 3, "b": 5}, {"a": 0, "b": 0}),
        (LARGEST, {"a": 10**15, "b": 10**15}, {"a": LARGEST // 2, "b": LARGEST // 2}),
    ],
)
def test_shares_by_hand(total: int, by: dict[str, int], shares: dict[str, int]) -> None:
    assert {party: share.minor for party, share in split(Money(total, "CNY"), by).items()} == shares


@pytest.mark.parametrize("by", [{}, {"a": -1, "b": 2}])
def test_nobody_and_negative_weights_share_nothing(by: dict[str, int]) -> None:
    with pytest.raises(NotMoney):
        split(Money(1, "CNY"), by)
