"""Any accent a shop chooses can be read, in both themes."""

import random

import pytest

from app.kit.colours import (
    AA,
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    WHITE,
    contrast,
    is_good,
    nearest_good,
    normal,
    palette,
)

MANY = [f"#{random.Random(number).randrange(1 << 24):06x}" for number in range(300)]
ODD = ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#808080", "#0b6e5f", "#767676"]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#0b6e5f", "#ffffff", 6.16),
    ],
)
def test_contrast_is_that_of_the_standard(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.05)
    assert contrast(one, other) == contrast(other, one)


def test_every_text_on_every_ground_can_be_read() -> None:
    for accent in (*ODD, *MANY):
        both = palette(accent)
        for theme, grounds in ((both.light, LIGHT_GROUNDS), (both.dark, DARK_GROUNDS)):
            texts = [(theme["--brand"], ground) for ground in (*grounds, theme["--brand-soft"])]
            texts += [(theme["--on-brand"], theme[name]) for name in ("--brand", "--brand-hover")]
            assert min(contrast(text, ground) for text, ground in texts) >= AA, accent


def test_the_nearest_colour_that_works_does() -> None:
    for accent in (*ODD, *MANY):
        assert is_good(nearest_good(accent)), accent
        assert not is_good(accent) or nearest_good(accent) == accent


def test_a_good_dark_accent_stays_as_it_is_on_light_pages() -> None:
    assert palette("#0b6e5f").light["--brand"] == "#0b6e5f"
    assert palette("#0b6e5f").light["--on-brand"] == WHITE


@pytest.mark.parametrize(
    ("typed", "colour"),
    [
        ("#0B6E5F", "#0b6e5f"),
        (" 0b6e5f ", "#0b6e5f"),
        ("#06f", "#0066ff"),
        ("", ""),
        ("red", ""),
        ("#12345", ""),
        ("#1234567", ""),
        ("#0b6e5f;}", ""),
        ("#0b6e5g", ""),
        ("##0b6e5f", ""),
        ("#０b6e5f", ""),
    ],
)
def test_only_six_letters_of_a_colour_are_one(typed: str, colour: str) -> None:
    assert normal(typed) == colour
