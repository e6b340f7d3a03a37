"""A merchant imports what suppliers send: a large GB18030 list and a workbook, looked at before anything comes in."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.kit.sheets import xlsx_file
from tests.browser import steps
from tests.browser.steps import PATIENCE, Card
from tests.installation import Installation
from tests.make import fresh_code

ROWS = 20_000


@pytest.mark.browser
def test_a_merchant_looks_at_a_file_before_it_comes_in(
    installation: Installation, browser: Browser, complaints: list[str], card: Card, tmp_path: Path
) -> None:
    tab = steps.open_tab(browser, installation, complaints, viewport={"width": 1280, "height": 900})
    steps.sign_in(tab)
    steps.create_product(tab, card)
    codes = [fresh_code() for _ in range(ROWS)]
    lines = [f"{code}\t备注\t2031-01-31" for code in [*codes, codes[0]]]
    text = tmp_path / "供应商.txt"
    text.write_bytes(("卡密\t说明\t有效期\r\n" + "\r\n".join(lines)).encode("gb18030"))
    book = tmp_path / "book.xlsx"
    book.write_bytes(b"".join(xlsx_file(["Voucher", "Remark"], [[fresh_code(), "x"] for _ in range(50)])))

    look_at(tab, card, text)
    expect(tab.locator("[name=delimiter]")).to_have_value("tab")
    expect(tab.locator("[name=encoding]")).to_have_value("gb18030")
    expect(tab.locator("[name=col0]")).to_have_value("code")
    expect(tab.locator("#preview tbody tr")).to_have_count(20)
    tab.locator("[name=delimiter]").select_option("bar")
    expect(tab.locator("[name=col1]")).to_have_count(0)
    expect(tab.locator(".htmx-added")).to_have_count(0)  # htmx takes 20 ms to listen to what it put there
    tab.locator("[name=delimiter]").select_option("tab")
    expect(tab.locator("[name=col2]")).to_have_value("expires")
    assert codes[0] not in tab.content()
    assert counts_of(tab) == {"total": ROWS + 1, "new": ROWS, "in_file": 1, "in_stock": 0, "was_sold": 0, "invalid": 0}
    tab.get_by_role("link", name="Twice in the file").click()
    expect(tab.locator("#rows-table tbody tr")).to_have_count(1)
    tab.go_back()
    tab.get_by_role("button", name=re.compile("Import 20,?000 codes")).click()
    tab.wait_for_url(re.compile("/office/demo/stock/bat_"), timeout=PATIENCE)
    expect(tab.get_by_role("link", name="Import more")).to_be_visible(timeout=PATIENCE)
    expect(tab.locator("#came .tally-value").nth(1)).to_have_text(f"{ROWS:,}")

    look_at(tab, card, book)
    tab.locator("[name=header]").check()
    assert counts_of(tab)["new"] == 50
    tab.get_by_role("button", name="Give it up").click()
    expect(tab).to_have_url(re.compile("/office/demo/imports/new"))
    assert complaints == []


def look_at(tab: Page, card: Card, file: Path) -> None:
    tab.goto("/office/demo/imports/new")
    tab.locator("[name=sku]").select_option(card.sku)
    tab.locator("[name=file]").set_input_files(file)
    tab.get_by_role("button", name="Look at it first").click(timeout=PATIENCE, no_wait_after=True)
    tab.wait_for_url(re.compile("/office/demo/imports/bat_"), timeout=PATIENCE)


def counts_of(tab: Page) -> dict[str, int]:
    """Ask for the check and return its numbers when it is done."""
    tab.get_by_role("button", name=re.compile("^Check all")).click()
    tab.wait_for_url(re.compile("/check$"), timeout=PATIENCE)
    expect(tab.locator("#decide")).to_be_visible(timeout=PATIENCE)
    found = tab.locator("[data-count]").all()
    return {str(it.get_attribute("data-count")): int(it.inner_text().replace(",", "")) for it in found}
