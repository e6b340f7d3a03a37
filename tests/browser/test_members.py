"""The account on a phone, in a real browser under the real policy: in by a mailed code, a code seen, told, and out."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.steps import LETTER_PATIENCE
from tests.installation import Installation
from tests.mailbox import read, text_of

DIGITS = re.compile(r"^(\d{6})\r?$", re.MULTILINE)
GOOD = "yunting-month"


@pytest.fixture
def tab(browser: Browser, installation: Installation, complaints: list[str]) -> Page:
    return steps.open_tab(browser, installation, complaints)


@pytest.mark.browser
def test_dora_signs_in_by_mail_opens_what_she_bought_reads_and_leaves(
    tab: Page, dora: str, installation: Installation, complaints: list[str]
) -> None:
    tab.goto("/me")
    tab.get_by_label("E-mail").fill(dora)
    tab.get_by_role("button", name="Send me a code").click()
    tab.get_by_label("Code from the message").fill(digits(installation, dora))
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_text("Nothing bought with this contact yet")).to_be_visible()

    tab.goto(f"/p/{GOOD}")
    expect(tab.locator("[name=contact]")).to_have_value(dora)
    steps.buy(tab, GOOD, dora)
    steps.pay_and_come_back(tab)
    code = steps.shown_code(tab)
    tab.get_by_role("navigation", name="Shop").get_by_role("link", name="Mine").click()
    expect(tab.locator("[data-field]")).to_have_count(0)
    tab.get_by_role("button", name="Show code").click()

    assert steps.shown_code(tab) == code
    tab.get_by_role("link", name="Hide again").click()
    expect(tab.locator("[data-field]")).to_have_count(0)
    told(tab)
    tab.get_by_role("navigation", name="Your account").get_by_role("link", name="Account").click()
    tab.get_by_role("button", name="Sign out", exact=True).click()
    tab.goto("/me")
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    assert complaints == []


def told(tab: Page) -> None:
    """See the bell ring, read, and see it rest."""
    bell = tab.locator(".bell .unread")
    tab.goto("/me/inbox")
    until = time.monotonic() + LETTER_PATIENCE
    while not bell.count() and time.monotonic() < until:
        tab.wait_for_timeout(200)
        tab.goto("/me/inbox")
    expect(tab.get_by_text("It has arrived: you can open it now")).to_be_visible()
    tab.get_by_role("button", name="Mark as read").click()
    expect(bell).to_have_count(0)


def digits(installation: Installation, contact: str) -> str:
    """Return the digits of the letter to somebody, as soon as it lies in the spool."""
    until = time.monotonic() + LETTER_PATIENCE
    while time.monotonic() < until:
        for file in (installation.folder / "instance" / "spool").glob("*.eml"):
            letter = read(file)
            if contact in str(letter["To"]) and (found := DIGITS.search(text_of(letter))):
                return found[1]
        time.sleep(0.1)
    raise AssertionError("no letter came")
