"""The delivery page on a phone, in a real browser under the real policy: copy and go, count down, print, get help."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.installation import Installation

GOOD = "lanjing-points-500"
PHONE = {"viewport": {"width": 360, "height": 780}}
ENDING = """() => {
  const line = document.createElement("span");
  line.id = "ending";
  line.dataset.ends = "3690";  // half a minute in hand, for a machine that is slow
  line.dataset.lasts = "HH h MM min left";
  line.dataset.over = "time is up";
  document.querySelector("main").append(line);
}"""


@pytest.fixture
def tab(installation: Installation, browser: Browser, complaints: list[str], dora: str) -> Page:
    """A phone on which two codes were bought and stand in clear."""
    tab = steps.open_tab(browser, installation, complaints, **PHONE)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    steps.buy(tab, GOOD, dora, 2)
    steps.pay_and_come_back(tab)
    expect(tab.locator("#c-1-1-number")).to_be_visible()
    return tab


@pytest.mark.browser
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_code_is_taken_to_where_it_is_redeemed_and_to_paper(tab: Page, complaints: list[str]) -> None:
    number = tab.locator("#c-1-1-number").text_content()
    link = tab.locator("#item-1-1 a[target=_blank]").first
    assert (link.get_attribute("href") or "").startswith("https://")
    assert link.get_attribute("rel") == "noopener noreferrer"

    tab.locator(".codecard-keep").get_by_role("button", name="Print").click()

    expect(tab.locator(".paper")).to_have_count(2)
    assert tab.locator("#v-1-number").text_content() == number
    assert tab.locator(".paper-qr svg").count() == 2
    tab.emulate_media(media="print")
    expect(tab.locator(".bar")).to_be_hidden()
    expect(tab.locator(".paper").first).to_be_visible()
    tab.emulate_media(media="screen")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_ends_soon_is_counted_down_in_its_place(tab: Page) -> None:
    tab.evaluate(ENDING)
    expect(tab.locator("#ending")).to_have_text("1 h 1 min left", timeout=3000)

    tab.evaluate("document.querySelector('#ending').ends -= 2 * 60 * 1000")
    expect(tab.locator("#ending")).to_have_text("0 h 59 min left", timeout=3000)
    tab.evaluate("document.querySelector('#ending').ends = 1")
    expect(tab.locator("#ending")).to_have_text("time is up", timeout=3000)


@pytest.mark.browser
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_help_stands_at_the_code_and_ends_with_a_word_to_the_shop(tab: Page, complaints: list[str]) -> None:
    tab.get_by_role("link", name="Something wrong?").first.click()
    tab.get_by_role("button", name="It says: already used").click()
    expect(tab.get_by_text("Only this browser has opened it")).to_be_visible()

    tab.get_by_text("Still stuck? Tell the shop").click()
    tab.get_by_label("What happens?").fill("It says that somebody has it")
    tab.get_by_role("button", name="Tell the shop").click()

    expect(tab.get_by_role("heading", name=re.compile("The shop knows"))).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
