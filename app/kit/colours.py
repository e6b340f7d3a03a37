"""Colours: a shop's accent, worked out for light and dark pages so that all that stands on it can be read (WCAG AA)."""

import colorsys
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

AA = 4.5
HEX = re.compile(r"#[0-9a-f]{6}")
HOUSE = "#0b6e5f"  # --brand of ui.css
WHITE, BLACK = "#ffffff", "#000000"
LIGHT_GROUNDS = (WHITE, "#f6f7f9", "#eef0f3")  # --surface, --bg, --sunken of ui.css
DARK_GROUNDS = ("#171b21", "#0f1216", "#0b0e11")
STEPS = 100
SOFT, SOFT_DARK = 0.11, 0.2  # the share of the accent in its pale self

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Palette:
    """The tokens of ui.css that an accent changes, for each theme."""

    light: dict[str, str]
    dark: dict[str, str]


def normal(text: str) -> str:
    """Return a colour as `#0b6e5f`, also from `0B6E5F`; "" when it is none."""
    colour = "#" + text.strip().lower().removeprefix("#")
    if re.fullmatch(r"#[0-9a-f]{3}", colour):
        colour = "#" + "".join(letter * 2 for letter in colour[1:])
    return colour if HEX.fullmatch(colour) else ""


def contrast(a: str, b: str) -> float:
    """Return how well one colour stands out from another: 1 (not at all) to 21."""
    bright, dim = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def is_good(accent: str) -> bool:
    """Tell whether white text on the accent can be read."""
    return contrast(accent, WHITE) >= AA


def nearest_good(accent: str) -> str:
    """Return the accent, darkened just so far that white text on it can be read."""
    return _until(accent, BLACK, lambda colour: contrast(colour, WHITE) >= AA)


@lru_cache(maxsize=256)
def palette(accent: str) -> Palette:
    """Return what an accent makes of both themes; each text on each ground has a contrast of 4.5 at least."""
    return Palette(_light(accent), _dark(accent))


def _light(accent: str) -> dict[str, str]:
    def reads(colour: str) -> bool:
        return all(contrast(colour, ground) >= AA for ground in (*LIGHT_GROUNDS, _mixed(colour, WHITE, SOFT)))

    brand = _until(accent, BLACK, reads)
    return {
        "--brand": brand,
        "--brand-hover": _mixed(brand, BLACK, 0.82),
        "--brand-soft": _mixed(brand, WHITE, SOFT),
        "--on-brand": WHITE,
    }


def _dark(accent: str) -> dict[str, str]:
    def reads(colour: str) -> bool:
        return all(
            contrast(colour, ground) >= 4.7 for ground in (*DARK_GROUNDS, _mixed(colour, DARK_GROUNDS[0], SOFT_DARK))
        )

    brand = _lighter(accent, reads)
    return {
        "--brand": brand,
        "--brand-hover": _mixed(brand, WHITE, 0.82),
        "--brand-soft": _mixed(brand, DARK_GROUNDS[0], SOFT_DARK),
        "--on-brand": _mixed(brand, BLACK, 0.16),
    }


def _lighter(accent: str, fits: Callable[[str], bool]) -> str:
    """Return the accent in a lighter tone of its own hue, the first that fits; white always does."""
    hue, light, rich = colorsys.rgb_to_hls(*_rgb(accent))
    first = max(light, 0.42)
    tones = (
        _hex(colorsys.hls_to_rgb(hue, first + (1 - first) * step / STEPS, min(rich, 0.6))) for step in range(STEPS)
    )
    return next((tone for tone in tones if fits(tone)), WHITE)


def _until(colour: str, aim: str, fits: Callable[[str], bool]) -> str:
    """Return the first colour on the way from `colour` to `aim` that fits; black and white themselves always do."""
    for step in range(STEPS):
        between = _mixed(colour, aim, 1 - step / STEPS)
        if fits(between):
            return between
    return aim


def _mixed(colour: str, ground: str, share: float) -> str:
    """Return `share` of a colour on a ground."""
    pairs = zip(_rgb(colour), _rgb(ground), strict=True)
    red, green, blue = (share * one + (1 - share) * other for one, other in pairs)
    return _hex((red, green, blue))


def _luminance(colour: str) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in _rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> Rgb:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hex(rgb: Rgb) -> str:
    return "#" + "".join(f"{round(min(max(value, 0.0), 1.0) * 255):02x}" for value in rgb)
