"""A gift on two phones: one buys it unseen and gives it, another claims it by the word, and a scanner gets nothing."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.test_scanners import crawl
from tests.installation import Installation

CARD = "haicha-coupon"


@pytest.mark.browser
def test_a_gift_goes_from_one_phone_to_another(
    installation: Installation, browser: Browser, complaints: list[str], dora: str
) -> None:
    hers = steps.open_tab(browser, installation, complaints)
    order = buy_unseen(hers, dora)
    link, word = give(hers)
    list(crawl(browser, installation, link))  # it presses every button and sends every form

    lin = steps.open_tab(browser, installation, complaints)
    lin.goto(link)
    expect(lin.get_by_text("Happy birthday")).to_be_visible()
    lin.get_by_label("The word you were given").fill(word)
    lin.get_by_role("button", name="Take the gift").click()
    lin.get_by_role("button", name="Show code").click()

    assert steps.shown_code(lin)
    hers.goto(order)
    expect(hers.locator("#gifts").get_by_text("Claimed")).to_be_visible()
    expect(hers.get_by_role("button", name="Show code")).to_have_count(0)
    expect(hers.locator("[data-field]")).to_have_count(0)


@pytest.mark.browser
def test_she_takes_a_gift_back_and_sees_the_code(
    installation: Installation, browser: Browser, complaints: list[str], dora: str
) -> None:
    hers = steps.open_tab(browser, installation, complaints)
    buy_unseen(hers, dora)
    link, _ = give(hers)

    hers.get_by_role("button", name="Take it back").click()
    hers.get_by_role("button", name="Show code").click()

    assert steps.shown_code(hers)
    answer = steps.open_tab(browser, installation, []).goto(link)
    assert answer is not None
    assert answer.status == 404


def buy_unseen(tab: Page, contact: str) -> str:
    """Buy something for somebody else, and return the order's address; its page shows no code by itself."""
    steps.buy(tab, CARD, contact)
    tab.get_by_role("button", name="A gift? Do not show me the code").click()
    expect(tab.get_by_text("Nothing is shown until you ask for it")).to_be_visible()
    steps.pay_and_come_back(tab)
    expect(tab.locator("#gifts")).to_be_visible()
    expect(tab.locator("[data-field]")).to_have_count(0)
    return tab.url


def give(tab: Page) -> tuple[str, str]:
    """Give it with a word, and return the link and the word."""
    tab.locator("#gifts").get_by_role("link").first.click()
    tab.get_by_label("Your name").fill("Dora")
    tab.get_by_label("What you want to say").fill("Happy birthday")
    tab.get_by_role("button", name="Make the gift").click()
    expect(tab).to_have_url(re.compile("/gifts/ent_"))
    return tab.locator("#gift-link").inner_text(), tab.locator("#gift-word").inner_text()
