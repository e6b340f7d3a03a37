"""An exchange on a phone: a cheaper voucher at once, and a dearer one through the cashier with the difference."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.test_giving import buy_unseen
from tests.installation import Installation


@pytest.mark.browser
def test_a_voucher_becomes_a_cheaper_one_at_once(
    installation: Installation, browser: Browser, complaints: list[str], dora: str
) -> None:
    tab = steps.open_tab(browser, installation, complaints)
    order = buy_unseen(tab, dora)

    choose(tab, "goes back to you")

    expect(tab.get_by_text("is paid by an exchanged piece")).to_be_visible()
    assert steps.shown_code(tab)
    tab.goto(order)
    expect(tab.locator("#exchanges").get_by_text("Exchanged", exact=True)).to_be_visible()
    expect(tab.locator("[data-field]")).to_have_count(0)


@pytest.mark.browser
def test_a_dearer_voucher_costs_the_difference(
    installation: Installation, browser: Browser, complaints: list[str], dora: str
) -> None:
    tab = steps.open_tab(browser, installation, complaints)
    order = buy_unseen(tab, dora)

    said = choose(tab, "more")

    difference = re.search(r"You pay (\S+) more", said)
    assert difference
    expect(tab.locator("#due").get_by_text(difference[1])).to_be_visible()
    steps.pay_and_come_back(tab)
    expect(tab.get_by_text("It has arrived")).to_be_visible()
    tab.goto(order)
    expect(tab.locator("#exchanges").get_by_text("Exchanged", exact=True)).to_be_visible()


def choose(tab: Page, words: str) -> str:
    """Exchange what was bought for the first thing of which the page says this, and return all that it says of it."""
    tab.locator("#exchanges").get_by_role("link").first.click()
    option = tab.locator("#exchange label.form-check").filter(has_text=words).first
    said = option.inner_text()
    option.click()
    tab.get_by_role("button", name="Exchange it").click()
    expect(tab).not_to_have_url(re.compile("/exchanges/"))
    return said
