"""The code is got elsewhere: bought in one browser, opened in another by the mailed link and the order password."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import steps
from tests.browser.chromium import launch
from tests.installation import Installation
from tests.make import fresh_code

CODES = 10_000
PATIENCE = 30.0  # seconds until a worker has written a letter


@pytest.mark.browser
def test_a_buyer_closes_the_browser_and_gets_the_code_by_the_mailed_link_in_another_one(
    installation: Installation, complaints: list[str], tmp_path: Path
) -> None:
    codes = [fresh_code() for _ in range(CODES)]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        password = buy_and_close(browser, installation, complaints, codes, tmp_path)
        link, letter = mailed(installation)
        tab = steps.open_tab(browser, installation, complaints)
        tab.goto(link)
        expect(tab.get_by_label("Order password")).to_be_visible()
        assert all(secret not in letter + tab.content() for secret in (codes[0], password))

        prove(tab, password)
        tab.get_by_role("button", name="Show code").click()

        assert steps.shown_code(tab) == codes[0]
        assert complaints == []
        browser.close()


def buy_and_close(
    browser: Browser, installation: Installation, complaints: list[str], codes: list[str], folder: Path
) -> str:
    """Fill the shelf, order, pay and close the browser before anything was shown; return the order password."""
    tab = steps.open_tab(browser, installation, complaints)
    steps.sign_in(tab)
    steps.create_product(tab)
    steps.import_codes(tab, codes, folder)
    steps.buy(tab)
    password = tab.locator("#order-password").inner_text()
    steps.go_to_the_gateway(tab)
    gateway = tab.url
    tab.context.close()
    steps.pay_elsewhere(gateway)
    return password


def mailed(installation: Installation) -> tuple[str, str]:
    """Return the link of the first letter to the buyer, as soon as it lies in the spool, and the whole letter."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for file in (installation.folder / "instance" / "spool").glob("*.eml"):
            letter = file.read_text("utf-8")
            if found := re.search(r"http://127\.0\.0\.1:\d+/(?:s/\w+/)?r/[\w.-]+", letter):
                return found[0], letter
        time.sleep(0.1)
    raise AssertionError(f"no letter came:\n{installation.printed}")


def prove(tab: Page, password: str) -> None:
    tab.get_by_label("Order password").fill(password.lower())
    tab.get_by_role("button", name="This is my order").click()
