"""Everybody can use every page of the shop: axe finds nothing to say, and no page has to be pushed sideways."""

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.gallery import NAMES, Gallery
from tests.kit.depth import DEPTH

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
PHONE, DESK = (390, 800), (1280, 800)
WAYS = {  # each language sees either theme on either kind of screen; the other language has the other halves
    "zh": {"light": PHONE, "dark": DESK},
    "en": {"light": DESK, "dark": PHONE},
}
NARROW = {"320 px": (320, 640), "1280 px at 200 %": (640, 400)}
STILL = "*, *::before, *::after { transition: none !important; }"  # else axe sees colours on their way to others
ASK = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"], iframes: false}).then(found =>
  found.violations.flatMap(one => one.nodes.map(node => [one.id, one.help, node.html.slice(0, 300)])))"""
TOO_WIDE = """() => {
  const page = document.documentElement, wide = page.clientWidth;
  if (page.scrollWidth <= wide) return [];
  const out = [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > wide + 1);
  return [`${page.scrollWidth} px`, ...out.slice(0, 3).map(one => one.outerHTML.slice(0, 200))];
}"""


# At the least depth each page is looked at in one language, and its neighbour in the other.
SEEN = [
    (name, lang) for place, name in enumerate(NAMES) for lang in WAYS if DEPTH > 1 or (lang == "zh") == (place % 2 == 0)
]


@pytest.mark.browser
@pytest.mark.parametrize(("name", "lang"), SEEN)
def test_everybody_can_use(name: str, lang: str, gallery: Gallery, browser: Browser) -> None:
    tab = gallery.open(browser, name, lang, color_scheme="light", bypass_csp=True)
    assert tab.evaluate("document.documentElement.lang")[:2] == lang
    tab.add_style_tag(content=STILL)
    tab.evaluate(AXE)

    said = [(theme, *what) for theme, screen in WAYS[lang].items() for what in objections(tab, theme, screen)]
    wide = {zoom: out for zoom, screen in NARROW.items() if (out := too_wide(tab, screen))}

    assert not said, f"axe about {tab.url}:\n" + "\n".join(map(str, said))
    assert not wide, f"{tab.url} has to be pushed sideways: {wide}"


def objections(tab: Page, theme: Any, screen: tuple[int, int]) -> list[tuple[str, str, str]]:
    """Return what axe finds wrong: the rule, what it asks for, and where."""
    resize(tab, screen)
    tab.emulate_media(color_scheme=theme)
    return [tuple(one) for one in tab.evaluate(ASK, list(RULES))]


def too_wide(tab: Page, screen: tuple[int, int]) -> list[str]:
    """Return how wide a page is that does not fit, and some of what sticks out."""
    resize(tab, screen)
    return list(tab.evaluate(TOO_WIDE))


def resize(tab: Page, screen: tuple[int, int]) -> None:
    tab.set_viewport_size({"width": screen[0], "height": screen[1]})
