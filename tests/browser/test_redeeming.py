"""Redeeming in a real browser: the counter by its keyboard alone, and a company from its invite to a file of proof."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.kit import sheets
from tests.browser import steps
from tests.browser.steps import Card
from tests.installation import Installation
from tests.mailbox import read, text_of
from tests.make import fresh_code

PIECES, SOLD = 60, 50
PATIENCE = 30.0  # seconds until a worker has written a letter
JOIN = re.compile(r"http://127\.0\.0\.1:\d+/enterprise/demo/join/[\w.-]+")
DESK = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def office(browser: Browser, installation: Installation, complaints: list[str], card: Card) -> Page:
    """The office of a merchant whose new card it redeems itself."""
    tab = steps.open_tab(browser, installation, complaints, **DESK)
    steps.sign_in(tab)
    steps.create_product(tab, card)
    return tab


def fill(tab: Page, card: Card, codes: list[str], folder: Path) -> str:
    """Have the shop redeem the new card itself, put codes on its shelf, and return the name of a place to redeem at."""
    place = f"Nanjing Road {card.slug}"
    tab.goto("/office/demo/redemption/places")
    tab.get_by_label("Name").fill(place)
    tab.get_by_label("Short code").fill(card.sku[-12:])
    tab.get_by_role("button", name="Add").click()
    expect(tab.get_by_text(place)).to_be_visible()
    tab.goto("/office/demo/redemption/rules")
    tab.get_by_role("link", name=card.name).click()
    tab.get_by_label("Days from delivery").fill("30")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("This shop").first).to_be_visible()
    steps.import_codes(tab, card, codes, folder)
    return place


def company_that_bought(tab: Page, card: Card, member: str, pieces: int) -> None:
    """Create a company, invite its administrator and order for it; a transfer paid."""
    tab.goto("/office/demo/companies/new")
    tab.locator("[name=name]").fill(f"Wei & Co {card.slug}")
    tab.locator("[name=email]").fill(member)
    tab.locator("main form button[type=submit]").last.click()
    tab.wait_for_url(re.compile("/companies/com_"))
    tab.locator("[name=invited]").fill(member)
    tab.get_by_role("button", name="Send the invitation").click()
    expect(tab.locator("#people")).to_contain_text("invited")
    order = tab.locator("#order")
    order.locator("[name=sku]").select_option(card.sku)
    order.locator("[name=quantity]").fill(str(pieces))
    order.locator("[name=paid_by][value=transfer]").check()
    order.locator("[name=transfer]").fill("TT-1")
    order.get_by_role("button", name="Order and pay").click()
    tab.wait_for_url(re.compile("/orders/ord_"))


def invitation(installation: Installation, member: str) -> str:
    """Return the link by which a member joins, as soon as its letter lies in the spool."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for file in (installation.folder / "instance" / "spool").glob("*.eml"):
            letter = read(file)
            if member in str(letter["To"]) and (found := JOIN.search(text_of(letter))):
                return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no letter came:\n{installation.printed}")


def scan(tab: Page, code: str, answer: str) -> None:
    """Type a code as a scanner does, ending with Enter, wherever the focus is."""
    tab.keyboard.type(code)
    tab.keyboard.press("Enter")
    expect(tab.locator("#counter-result [data-answer]")).to_have_attribute("data-answer", answer)
    expect(tab.locator("#f-code")).to_be_focused()
    expect(tab.locator("#f-code")).to_have_value("")


@pytest.mark.browser
def test_a_counter_works_by_its_keyboard_alone(
    office: Page, card: Card, dora: str, complaints: list[str], tmp_path: Path
) -> None:
    codes = [fresh_code() for _ in range(PIECES)]
    place = fill(office, card, codes, tmp_path)
    company_that_bought(office, card, dora, 3)
    office.goto("/office/demo/counter")
    office.get_by_label("Where is this counter?").select_option(label=place)
    office.get_by_role("button", name="Continue").click()
    expect(office.locator("#f-code")).to_be_focused()

    scan(office, codes[0], "ok")
    expect(office.locator("#counter-result")).to_contain_text("Redeemed")
    scan(office, codes[1].lower(), "ok")
    office.wait_for_timeout(2100)  # within two seconds it would be the same pull of the trigger
    scan(office, codes[1], "bad")
    expect(office.locator("#counter-result")).to_contain_text(place)
    scan(office, "NO-SUCH-CODE", "bad")
    assert office.locator(".scan-row").count() == 2

    office.locator(".scan-row summary").first.click()
    office.get_by_label("Why?").first.fill("wrong card")
    office.keyboard.press("Enter")
    expect(office.locator("#counter-latest")).to_contain_text("wrong card")
    office.locator("#f-code").focus()
    scan(office, codes[1], "ok")
    assert [said for said in complaints if "409" not in said and "422" not in said] == []


@pytest.mark.browser
def test_a_company_goes_from_the_invite_to_a_file_that_proves_what_was_redeemed(
    office: Page,
    card: Card,
    dora: str,
    browser: Browser,
    installation: Installation,
    complaints: list[str],
    tmp_path: Path,
) -> None:
    codes = [fresh_code() for _ in range(PIECES)]
    fill(office, card, codes, tmp_path)
    company_that_bought(office, card, dora, SOLD)
    tab = steps.open_tab(browser, installation, complaints, **DESK)
    tab.goto(invitation(installation, dora))
    tab.locator("[name=password]").fill("a long enough password")
    tab.locator("[name=again]").fill("a long enough password")
    tab.get_by_role("button", name="Save the password and join").click()
    expect(tab.locator("#batches")).to_contain_text(str(SOLD))

    tab.goto("/enterprise/demo/redeem")
    rows = [f"{code},Person {line}" for line, code in enumerate(codes[:SOLD], 1)]
    tab.locator("[name=rows]").fill("\n".join([*rows, codes[0], codes[-1], "NEVER-HEARD-OF-IT"]))
    tab.get_by_role("button", name="Look at it first").first.click()
    tab.get_by_role("button", name=f"Redeem {SOLD} now").click()
    expect(tab.locator("#verdict")).to_contain_text(f"{SOLD} rows redeemed", timeout=20_000)

    with tab.expect_download() as coming:
        tab.get_by_role("link", name="XLSX").click()
    file = tmp_path / "proof.xlsx"
    coming.value.save_as(file)
    told = list(sheets.read_xlsx(file.read_bytes()))

    assert len(told) == 1 + SOLD + 3
    done = [row for row in told[1:] if any(cell.startswith("Person ") for cell in row)]
    assert len(done) == SOLD
    assert all(dora in " ".join(row) for row in done)
    assert not any(code in cell for code in codes for row in told for cell in row)
    assert complaints == []
