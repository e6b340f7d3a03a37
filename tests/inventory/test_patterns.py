"""Codes that the shop makes itself: what a pattern means, and what it refuses."""

import pytest

from app.inventory.errors import BadPattern, TooGuessable
from app.inventory.patterns import ALPHABET, LEAST_BITS, check_digit, parse

LONG = "MF-####-####-####-####-C"


def test_nobody_mistakes_a_letter_of_a_code_for_another():
    assert not set(ALPHABET) & set("0O1ILU")


@pytest.mark.parametrize("pattern", [LONG, "C-#############", "ACME:#############", "\\C#############", "#" * 20 + "C"])
def test_a_made_code_fits_its_pattern(pattern):
    found = parse(pattern)
    assert all(found.fits(found.make()) for _ in range(50))
    assert found.bits >= LEAST_BITS


def test_letters_are_capitals_and_dashes_may_be_left_out():
    found = parse("mf-####-####-####-####-c")
    code = found.make()
    assert code.startswith("MF-")
    assert len(code) == len(LONG)
    assert found.fits(f" {code.lower().replace('-', '')} ")


def test_a_c_inside_a_word_is_a_letter():
    assert parse("ACME#############").make().startswith("ACME")
    assert parse("\\C-#############").make().startswith("C-")


def test_one_wrong_letter_is_always_noticed():
    found = parse(LONG)
    code = found.make()
    for at, letter in enumerate(code):
        wrong = [code[:at] + other + code[at + 1 :] for other in ALPHABET if other != letter]
        assert letter == "-" or not any(map(found.fits, wrong))


def test_a_swap_of_neighbours_is_noticed_but_for_one_pair():
    pairs = [(a, b) for a in ALPHABET for b in ALPHABET if a < b]
    missed = [pair for pair in pairs if check_digit("".join(pair)) == check_digit("".join(reversed(pair)))]
    assert missed == [(ALPHABET[0], ALPHABET[-1])]  # as Luhn's own 09 and 90


@pytest.mark.parametrize(
    "pattern", ["", " ", "A B#############", "#############é", "C-C-#############", "#############\\", "#" * 81]
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(BadPattern):
        parse(pattern)


def test_what_can_be_guessed_is_refused_with_what_it_lacks():
    with pytest.raises(TooGuessable) as refused:
        parse("MF-####-####-####-C")
    assert (refused.value.random, refused.value.least) == (12, 13)


def test_codes_do_not_repeat():
    found = parse(LONG)
    assert len({found.make() for _ in range(10_000)}) == 10_000


def test_a_text_of_another_shape_does_not_fit():
    found = parse(LONG)
    assert not any(
        found.fits(text) for text in ("", "MF", found.make() + "2", "0" * len(LONG), "XX" + found.make()[2:])
    )
