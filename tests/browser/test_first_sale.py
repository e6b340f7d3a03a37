"""The first code sold, in a real browser under the real policy: product, import of 10,000 codes, purchase, reveal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from app.commands.demo import OWNER, PASSWORD
from tests.browser.chromium import launch
from tests.conftest import new_database
from tests.installation import Installation
from tests.make import fresh_code

CODES = 10_000
PATIENCE = 60_000  # milliseconds, for an import on a busy machine


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    urls = None if request.param == "sqlite" else new_database("postgresql", tmp_path, request)
    with Installation(tmp_path, urls=urls) as installation:
        yield installation


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def tab(request: pytest.FixtureRequest, installation: Installation, complaints: list[str]) -> Iterator[Page]:
    """A tab in English on a phone; what the browser complains about (policy, scripts, strangers) is collected."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(
            base_url=installation.base,
            locale="en-US",
            viewport={"width": 390, "height": 800},
            java_script_enabled=request.param == "with JavaScript",
        )
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: complaints.append(sent.url) if "127.0.0.1" not in sent.url else None)
        yield page
        browser.close()


@pytest.mark.browser
def test_a_merchant_imports_ten_thousand_codes_and_a_buyer_gets_one(
    tab: Page, complaints: list[str], tmp_path: Path
) -> None:
    codes = [fresh_code() for _ in range(CODES)]
    sign_in(tab)
    create_product(tab)
    import_codes(tab, codes, tmp_path)
    buy(tab)
    pay_at_the_gateway(tab)
    shown = reveal(tab)

    assert shown == codes[0]  # first imported, first sold
    assert complaints == []
    tab.goto("/office/demo/orders")
    expect(tab.get_by_text("New card").first).to_be_visible()
    expect(tab.get_by_text(shown)).to_have_count(0)


def sign_in(tab: Page) -> None:
    tab.goto("/office/demo/")
    tab.get_by_label("E-mail").fill(OWNER)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab).to_have_url(re.compile("/office/demo/$"))


def create_product(tab: Page) -> None:
    tab.goto("/office/demo/products/new")
    tab.locator("[name=name_en]").fill("New card")
    tab.locator("[name=name_zh]").fill("新卡")
    tab.locator("[name=slug]").fill("new-card")
    tab.locator("[name=sku]").fill("NEW-CARD")
    tab.locator("[name=price]").fill("19.90")
    tab.locator("[name=live]").check()
    tab.locator("main form button[type=submit]").last.click()
    expect(tab).to_have_url(re.compile("/office/demo/products"))


def import_codes(tab: Page, codes: list[str], folder: Path) -> None:
    file = folder / "codes.csv"
    file.write_text("\n".join(["code", *codes, codes[7]]))
    tab.goto("/office/demo/imports/new")
    tab.locator("[name=sku]").select_option("NEW-CARD")
    tab.locator("[name=file]").set_input_files(file)
    tab.locator("main form button[type=submit]").last.click(timeout=PATIENCE, no_wait_after=True)
    tab.wait_for_url(re.compile("/office/demo/stock/bat_"), timeout=PATIENCE)
    expect(tab.get_by_text("10,000", exact=False).first).to_be_visible()


def buy(tab: Page) -> None:
    tab.goto("/")
    assert tab.locator("[data-sku]").count() >= 8
    tab.goto("/p/new-card")
    expect(tab.locator("[data-sku=NEW-CARD]").first).to_be_visible()
    tab.locator("[name=contact]").fill("dora@example.com")
    tab.get_by_role("button", name="Buy now").click()
    expect(tab).to_have_url(re.compile("/o/"))


def pay_at_the_gateway(tab: Page) -> None:
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    expect(tab).to_have_url(re.compile("/pay"))
    tab.get_by_role("button", name=re.compile("Pay")).first.click()
    expect(tab).to_have_url(re.compile("/o/"))


def reveal(tab: Page) -> str:
    button = tab.get_by_role("button", name="Show code")
    for _ in range(20):
        if button.count():
            break
        tab.reload()
    expect(tab.locator("[data-field=code]")).to_have_count(0)
    button.click()
    shown = tab.locator("[data-field=code]")
    expect(shown).to_be_visible()
    return re.sub(r"\s", "", shown.inner_text())
