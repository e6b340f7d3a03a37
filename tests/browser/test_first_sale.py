"""The first code sold, in a real browser under the real policy: product, import of 10,000 codes, purchase, reveal."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.steps import Card
from tests.installation import Installation
from tests.make import fresh_code

CODES = 10_000
PATIENCE = 30.0  # seconds until a worker has delivered, on a busy machine
SCRIPTS = {"with JavaScript": True, "without JavaScript": False}


@pytest.fixture(params=SCRIPTS)
def scripts(request: pytest.FixtureRequest) -> bool:
    return SCRIPTS[request.param]


@pytest.fixture
def tab(scripts: bool, browser: Browser, installation: Installation, complaints: list[str]) -> Page:
    return steps.open_tab(browser, installation, complaints, java_script_enabled=scripts)


@pytest.mark.browser
def test_a_merchant_imports_ten_thousand_codes_and_a_buyer_gets_one(
    tab: Page, scripts: bool, complaints: list[str], card: Card, dora: str, tmp_path: Path
) -> None:
    codes = [fresh_code() for _ in range(CODES)]
    steps.sign_in(tab)
    steps.create_product(tab, card)
    steps.import_codes(tab, card, codes, tmp_path)
    tab.goto("/")
    assert tab.locator("[data-sku]").count() >= 8
    steps.buy(tab, card.slug, dora)
    steps.pay_and_come_back(tab)
    if not scripts:
        tap(tab)

    shown = steps.shown_code(tab)

    assert shown == codes[0]  # first imported, first sold
    assert complaints == []
    tab.goto("/office/demo/orders")
    expect(tab.get_by_text(card.name).first).to_be_visible()
    expect(tab.get_by_text(shown)).to_have_count(0)


def tap(tab: Page) -> None:
    """Ask for the code, as soon as there is one."""
    button = tab.get_by_role("button", name="Show code")
    until = time.monotonic() + PATIENCE
    while not button.count() and time.monotonic() < until:
        tab.wait_for_timeout(100)
        tab.reload()
    expect(tab.locator("[data-field=code]")).to_have_count(0)
    button.click()
