"""The main pages look as they were approved: at three widths, in both themes, in both languages.

Each is set in a font of blocks (`blocks.py`), so that the pictures do not depend on the fonts of a machine; the clock
of the gallery stands still, and what is drawn by lot is hidden. A page that is meant to look different is approved by
`APPROVE=1 make test ARGS=tests/browser/test_looks.py`; look at the new pictures before you commit them.
"""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from tests.browser import blocks
from tests.browser.gallery import OPEN, Gallery

APPROVED = Path(__file__).parent / "approved"
PAGES = {"home": "home", "product": "product", "cashier": "cashier", "delivery": OPEN, "look-up": "look-up"}
SHAPES = [(360, "zh", "light"), (360, "zh", "dark"), (768, "zh", "light"), (768, "zh", "dark"), (1440, "zh", "light")]
SHAPES += [(1440, "zh", "dark"), (360, "en", "light")]
LOOKS = [(page, *shape) for page in PAGES for shape in SHAPES]
HEIGHT, LONGEST = 800, 2400  # of the screen, and of the page as far as it is looked at
SMALLER = 4
A_LITTLE, SHARE = 24, 0.003  # of 255 steps of a colour; of the pixels, how many may differ by more
BIG = 1_000_000
QUIET = """
*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent !important; }
[data-secret], [data-tail], #order-number, #order-password, #looks, time, .qr img { visibility: hidden !important; }
"""


@pytest.mark.browser
@pytest.mark.parametrize(("page", "width", "lang", "theme"), LOOKS)
def test_a_page_looks_as_approved(
    page: str, width: int, lang: str, theme: Any, gallery: Gallery, browser: Browser, tmp_path: Path
) -> None:
    screen = {"width": width, "height": HEIGHT}
    tab = gallery.open(browser, PAGES[page], lang, color_scheme=theme, viewport=screen, bypass_csp=True)

    seen, kept = picture(tab), APPROVED / name_of(page, width, lang, theme)

    if os.environ.get("APPROVE"):
        seen.save(kept, lossless=True)
    assert kept.exists(), f"{kept.name} was never approved; how stands at the head of this file"
    approved = Image.open(kept).convert("RGB")
    seen.save(tmp_path / kept.name, lossless=True)
    assert seen.size == approved.size, f"{kept.name}: another size; now it looks like {tmp_path / kept.name}"
    assert differing(seen, approved) <= SHARE, f"{kept.name}: now it looks like {tmp_path / kept.name}"


def test_every_approved_picture_is_compared_and_all_are_small() -> None:
    kept = {file.name: file.stat().st_size for file in APPROVED.iterdir()}

    assert set(kept) == {name_of(*look) for look in LOOKS}
    assert sum(kept.values()) <= BIG


def name_of(page: str, width: int, lang: str, theme: str) -> str:
    return f"{page}-{width}-{lang}-{theme}.webp"


def picture(tab: Page) -> Image.Image:
    """Return a quarter of the size of what a page looks like, without what is never the same twice."""
    tab.mouse.move(0, 0)  # nothing is pointed at
    tab.add_style_tag(content=blocks.style() + QUIET)
    assert "loaded" in tab.evaluate("document.fonts.load('16px Blocks').then(found => found.map(one => one.status))")
    tab.evaluate("Promise.all([...document.images].map(one => { one.loading = 'eager'; return one.decode(); }))")
    width = tab.viewport_size["width"] if tab.viewport_size else 0
    high = min(tab.evaluate("document.documentElement.scrollHeight"), LONGEST)
    shot = tab.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": high})
    whole = Image.open(io.BytesIO(shot)).convert("RGB")
    return whole.resize((whole.width // SMALLER, whole.height // SMALLER), Image.Resampling.BOX)


def differing(one: Image.Image, other: Image.Image) -> float:
    """Return the share of the pixels that differ by more than a little."""
    red, green, blue = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(most.histogram()[A_LITTLE + 1 :]) / (one.width * one.height)
