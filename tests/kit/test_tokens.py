"""A token is good for what it was signed for, as long as it may be, and for nothing else."""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.kit import clock, tokens
from tests.kit.depth import DEPTH
from tests.make import SECRET

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = "an old key of more than thirty-two letters", "a new key of more than thirty-two letters"


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    tokens.configure((OLD,))
    yield
    tokens.configure((SECRET,))


@pytest.mark.parametrize("value", ["text", 7, ["list", 1], {"id": "卡"}, "", None])
def test_a_token_gives_back_what_was_signed(value: Any) -> None:
    assert tokens.read("order", tokens.sign("order", value)) == value


def test_a_token_is_good_for_its_purpose_alone() -> None:
    token = tokens.sign("order", "o1")

    for other in ("", "orders", "Order", "reveal", "order "):
        assert tokens.read(other, token) is None


def test_a_token_ages_by_the_clock_of_the_house() -> None:
    with clock.running(lambda: NOON):
        token = tokens.sign("login", "u1")

    for seconds, value in ((0, "u1"), (60, "u1"), (61, None), (3600, None)):
        with clock.running(lambda seconds=seconds: NOON + timedelta(seconds=seconds)):  # type: ignore[misc]
            assert tokens.read("login", token, max_age=60) == value
            assert tokens.read("login", token) == "u1"


def test_a_token_from_the_future_is_not_believed() -> None:
    with clock.running(lambda: NOON + timedelta(hours=1)):
        token = tokens.sign("login", "u1")

    with clock.running(lambda: NOON):
        assert tokens.read("login", token, max_age=60) is None


def test_not_one_letter_can_be_changed() -> None:
    token = tokens.sign("order", "o1")

    for place, letter in enumerate(token):
        other = "A" if letter != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        # The last letter of a base64 text carries spare bits; some spellings mean the same bytes.
        assert tokens.read("order", changed) is None or place == len(token) - 1


@given(st.text(max_size=80))
@example("")
@example("a.b.c")
@example("...")
@example("\0")
@settings(max_examples=100 * DEPTH, deadline=None)
def test_no_text_passes_for_a_token(text: str) -> None:
    assert tokens.read("order", text) is None


def test_a_new_key_signs_and_the_old_one_is_still_read() -> None:
    before = tokens.sign("order", "o1")

    tokens.configure((NEW, OLD))
    during = tokens.sign("order", "o2")
    assert (tokens.read("order", before), tokens.read("order", during)) == ("o1", "o2")

    tokens.configure((NEW,))
    assert (tokens.read("order", before), tokens.read("order", during)) == (None, "o2")


def test_random_tokens_are_long_and_kept_as_digests() -> None:
    made = {tokens.random_token() for _ in range(1000)}

    assert len(made) == 1000
    assert all(len(token) >= 43 for token in made)  # 256 bits
    one = secrets.choice(sorted(made))
    assert tokens.digest(one) == tokens.digest(one) != tokens.digest(one + "x")
    assert one.encode() not in tokens.digest(one)


def test_digits_are_made_again_alike_and_are_good_for_one_thing() -> None:
    made = tokens.digits("code", "one")

    assert re.fullmatch(r"\d{6}", made)
    assert tokens.digits("code", "one") == made
    assert tokens.is_digits("code", "one", made)
    for purpose, value in (("code", "two"), ("other", "one"), ("code:one", "")):
        assert not tokens.is_digits(purpose, value, made)


def test_digits_of_an_older_key_are_still_known() -> None:
    made = tokens.digits("code", "one")
    tokens.configure((NEW, OLD))

    assert tokens.digits("code", "one") != made
    assert tokens.is_digits("code", "one", made)
    tokens.configure((NEW,))
    assert not tokens.is_digits("code", "one", made)


def test_digits_are_spread_evenly() -> None:
    made = [tokens.digits("code", str(number)) for number in range(5000)]

    assert len(set(made)) > 4900
    for place in range(tokens.DIGITS):
        counts = [sum(one[place] == str(digit) for one in made) for digit in range(10)]
        assert all(380 < count < 620 for count in counts), counts


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123456", "123456"),
        (" 123 456\n", "123456"),
        ("123-456", "123456"),
        ("\uff11\uff12\uff13\uff14\uff15\uff16", "123456"),
        ("\u0661\u0662\u0663\u0664\u0665\u0666", ""),
        ("12345", ""),
        ("1234567", ""),
        ("12345a", ""),
        ("", ""),
    ],
)
def test_digits_are_read_as_people_type_them(typed: str, read: str) -> None:
    assert tokens.read_digits(typed) == read


def test_a_printed_token_is_the_same_each_day_and_the_one_of_before_still_opens() -> None:
    dated = tokens.sign("claim", "c1")
    with clock.running(lambda: NOON):
        printed = tokens.sign_for_good("claim", "c1")

    assert tokens.sign_for_good("claim", "c1") == printed
    assert tokens.read("claim", printed) == tokens.read("claim", dated) == "c1"
    assert tokens.read("claim", printed, max_age=60) is None
    assert tokens.read("order", printed) is None
