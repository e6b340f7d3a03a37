"""The whole purchase by the keyboard alone: Tab, Enter, Space, and what one types; the focus is always to be seen."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.installation import Installation

MOST = 60  # times Tab until something is reached; more would be a journey
# What only a script gives the focus to, to be read from there, cannot be operated and needs no ring.
RING = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), labels = [...(one.labels || [])];
  const around = [];
  for (let it = one; it && it.id !== "main" && it !== document.body; it = it.parentElement) around.push(it);
  const rings = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const seen = one.tabIndex < 0 || [...around, ...labels].some(it => rings(getComputedStyle(it)));
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 8));
  const free = box.width <= 1 || !top || [one, ...labels].some(it => it.contains(top) || top.contains(it));
  return [one.outerHTML.slice(0, 160), seen, free];
}"""


@pytest.mark.browser
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("lang", "words"), [("en-US", ("Buy now", "^Pay ", "Copy")), ("zh-CN", ("立即购买", "^去付款", "复制"))]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_purchase_needs_no_mouse(
    lang: str,
    words: tuple[str, ...],
    scheme: str,
    installation: Installation,
    browser: Browser,
    complaints: list[str],
    dora: str,
) -> None:
    tab = steps.open_tab(browser, installation, complaints, locale=lang, color_scheme=scheme)
    tab.goto("/")
    press_to(tab, "#p-xingye-quarter a", "Enter")
    expect(tab).to_have_url(re.compile("/p/xingye-quarter"))
    press_to(tab, "input[name=sku]", "ArrowDown")
    assert tab.locator("input[name=sku]").nth(1).is_checked() or tab.locator("input[name=sku]").nth(2).is_checked()
    press_to(tab, "[name=quantity]", "ArrowUp")
    press_to(tab, "[name=contact]")
    tab.keyboard.type(dora)
    press_to(tab, f"button:has-text('{words[0]}')", "Enter")
    expect(tab).to_have_url(re.compile("/o/"))
    press_to(tab, f"button:text-matches('{words[1]}')", "Space")
    expect(tab).to_have_url(re.compile("/pay"))
    tab.keyboard.press("Tab")
    while tab.evaluate("document.activeElement.type !== 'submit'"):
        tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("/o/"))
    expect(tab.locator("[data-field=code]")).to_have_count(2)

    press_to(tab, f"button[data-copy]:has-text('{words[2]}')", "Enter")
    press_to(tab, "#looks summary", "Space")

    assert complaints == []


def press_to(tab: Page, selector: str, key: str = "") -> None:
    """Press Tab until something has the focus, which must always be seen, and then a key."""
    for _ in range(MOST):
        tab.keyboard.press("Tab")
        element, seen, free = tab.evaluate(RING)
        assert seen, f"nobody sees that this has the focus: {element}"
        assert free, f"this has the focus and lies under something: {element}"
        if matches(tab, selector):
            break
    else:
        raise AssertionError(f"{MOST} times Tab did not reach {selector}")
    if key:
        tab.keyboard.press(key)


def matches(tab: Page, selector: str) -> bool:
    """Tell whether what has the focus is one of these."""
    return bool(tab.locator(selector).evaluate_all("found => found.includes(document.activeElement)"))
