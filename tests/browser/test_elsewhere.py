"""The code is got elsewhere: bought in one browser, opened in another by the mailed link and the order password."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.steps import Card
from tests.installation import Installation
from tests.make import fresh_code

CODES = 10_000


@pytest.mark.browser
def test_a_buyer_closes_the_browser_and_gets_the_code_by_the_mailed_link_in_another_one(
    installation: Installation, browser: Browser, complaints: list[str], card: Card, dora: str, tmp_path: Path
) -> None:
    codes = [fresh_code() for _ in range(CODES)]
    tab = steps.open_tab(browser, installation, complaints)
    steps.sign_in(tab)
    steps.create_product(tab, card)
    steps.import_codes(tab, card, codes, tmp_path)
    password = buy_and_close(tab, card, dora)
    link, letter = steps.mailed(installation, dora)
    tab = steps.open_tab(browser, installation, complaints)
    tab.goto(link)
    expect(tab.get_by_label("Order password")).to_be_visible()
    assert all(secret not in letter + tab.content() for secret in (codes[0], password))

    prove(tab, password)
    tab.get_by_role("button", name="Show code").click()

    assert steps.shown_code(tab) == codes[0]
    assert complaints == []


def buy_and_close(tab: Page, card: Card, contact: str) -> str:
    """Order, pay and close the browser before anything was shown; return the order password."""
    steps.buy(tab, card.slug, contact)
    password = tab.locator("#order-password").inner_text()
    steps.go_to_the_gateway(tab)
    gateway = tab.url
    tab.context.close()
    steps.pay_elsewhere(gateway)
    return password


def prove(tab: Page, password: str) -> None:
    tab.get_by_label("Order password").fill(password.lower())
    tab.get_by_role("button", name="This is my order").click()
