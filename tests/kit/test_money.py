"""Money is whole minor units of one currency; nothing else gets in, and no cent gets lost."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.kit.money import EXPONENTS, LARGEST, Money, NotMoney, exponent, parse
from tests.kit.depth import DEPTH

CURRENCIES = {"CNY": 2, "USD": 2, "EUR": 2, "JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3}
often = settings(max_examples=100 * DEPTH, deadline=None)
currencies = st.sampled_from(sorted(CURRENCIES))
minors = st.integers(-LARGEST, LARGEST)
small = st.integers(-(10**14), 10**14)


@given(st.integers(0, LARGEST - 1), currencies)
@often
def test_what_is_shown_can_be_typed_again(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert parse(money.major, currency) == money
    assert parse(f"  {money.major} ", currency) == money


@given(minors, currencies)
@often
def test_major_units_are_exact(minor: int, currency: str) -> None:
    shown = Money(minor, currency).major

    assert Decimal(shown).scaleb(CURRENCIES[currency]) == minor
    assert len(shown.partition(".")[2]) == CURRENCIES[currency]


@given(small, small, st.integers(-9, 9), currencies)
@often
def test_sums_are_those_of_whole_numbers(one: int, two: int, times: int, currency: str) -> None:
    a, b = Money(one, currency), Money(two, currency)

    assert a + b == b + a == Money(one + two, currency)
    assert a - b == a + -b == Money(one - two, currency)
    assert (a * times).minor == one * times
    assert (a < b) == (one < two)
    assert a - a == Money(0, currency)


@given(small, currencies, currencies)
@often
def test_two_currencies_never_mix(minor: int, one: str, two: str) -> None:
    assume(one != two)
    a, b = Money(minor, one), Money(minor, two)

    assert a != b
    for mix in (lambda: a + b, lambda: a - b, lambda: a < b, lambda: max(a, b)):
        with pytest.raises(NotMoney, match="do not mix"):
            mix()


@pytest.mark.parametrize("minor", [1.0, 19.99, Decimal(5), "5", None, True, float("nan"), LARGEST + 1, -LARGEST - 1])
def test_an_amount_is_a_whole_number_of_reasonable_size(minor: Any) -> None:
    with pytest.raises(NotMoney):
        Money(minor, "CNY")


@pytest.mark.parametrize("currency", ["", "cny", "CN", "CNYX", "C1Y", "CNY\n", "元"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    with pytest.raises(NotMoney):
        Money(1, currency)


@pytest.mark.parametrize("times", [1.5, 2.0, Decimal(2), "2", None])
def test_an_amount_is_multiplied_by_whole_numbers_only(times: Any) -> None:
    with pytest.raises(NotMoney):
        Money(100, "CNY") * times


def test_nothing_grows_beyond_the_largest_amount() -> None:
    with pytest.raises(NotMoney):
        Money(LARGEST, "CNY") + Money(1, "CNY")
    with pytest.raises(NotMoney):
        Money(LARGEST, "CNY") * 2


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12", "CNY", 1200),
        ("12.5", "CNY", 1250),
        ("12.50", "CNY", 1250),
        ("0.01", "CNY", 1),
        ("007", "CNY", 700),
        (" 3 ", "CNY", 300),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1.2", "KWD", 1200),
    ],
)
def test_typed_amounts(text: str, currency: str, minor: int) -> None:
    assert parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.234", "CNY"), ("1.5", "JPY"), ("1.2345", "KWD")]
    + [(text, "CNY") for text in "|12.|.5|-1|+1|1,000|1e3|1 000|¥5|0x10|1_000|NaN|∞|1.2.3|9999999999999999".split("|")],
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NotMoney):
        parse(text, currency)


@given(st.text(max_size=30), currencies)
@often
def test_no_text_breaks_the_reader(text: str, currency: str) -> None:
    try:
        money = parse(text, currency)
    except NotMoney:
        return
    assert 0 <= money.minor <= LARGEST


def test_every_currency_has_the_decimals_of_iso_4217() -> None:
    none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()
    three = "BHD IQD JOD KWD LYD OMR TND".split()

    assert {code: exponent(code) for code in none + three} == dict.fromkeys(none, 0) | dict.fromkeys(three, 3)
    assert {exponent(code) for code in "CNY USD EUR GBP HKD TWD INR IDR HUF".split()} == {2}
    assert EXPONENTS.keys() == {*none, *three}
