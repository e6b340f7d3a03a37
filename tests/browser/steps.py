"""What people do in a browser, step by step: a merchant who fills a shelf, a buyer who pays."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from app.commands.demo import OWNER, PASSWORD
from tests.installation import Installation
from tests.mailbox import read, text_of
from tests.test_no_plaintext import fields_of

PATIENCE = 60_000  # milliseconds, for an import on a busy machine
LETTER_PATIENCE = 30.0  # seconds until a worker has written a letter
LINK = re.compile(r"http://127\.0\.0\.1:\d+/(?:s/\w+/)?r/[\w.-]+")


@dataclass(frozen=True)
class Card:
    """A product that a merchant puts on the shelf."""

    name: str
    slug: str
    sku: str


def open_tab(browser: Browser, installation: Installation, complaints: list[str], **more: Any) -> Page:
    """Open a browser of its own, in English on a phone; `complaints` keeps what it says of policy and scripts."""
    context = browser.new_context(
        base_url=installation.base, **{"locale": "en-US", "viewport": {"width": 390, "height": 800}} | more
    )
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: complaints.append(sent.url) if "127.0.0.1" not in sent.url else None)
    return page


def sign_in(tab: Page) -> None:
    tab.goto("/office/demo/")
    tab.get_by_label("E-mail").fill(OWNER)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab).to_have_url(re.compile("/office/demo/$"))


def create_product(tab: Page, card: Card) -> None:
    tab.goto("/office/demo/products/new")
    tab.locator("[name=name_en]").fill(card.name)
    tab.locator("[name=name_zh]").fill("新卡")
    tab.locator("[name=slug]").fill(card.slug)
    tab.locator("[name=sku]").fill(card.sku)
    tab.locator("[name=price]").fill("19.90")
    tab.locator("[name=live]").check()
    tab.locator("main form button[type=submit]").last.click()
    expect(tab).to_have_url(re.compile("/office/demo/products"))


def import_codes(tab: Page, card: Card, codes: list[str], folder: Path) -> None:
    file = folder / "codes.csv"
    file.write_text("\n".join(["code", *codes, codes[7]]))
    tab.goto("/office/demo/imports/new")
    tab.locator("[name=sku]").select_option(card.sku)
    tab.locator("[name=file]").set_input_files(file)
    tab.locator("main form button[type=submit]").last.click(timeout=PATIENCE, no_wait_after=True)
    tab.wait_for_url(re.compile("/office/demo/stock/bat_"), timeout=PATIENCE)
    expect(tab.get_by_text(f"{len(codes):,}", exact=False).first).to_be_visible()


def buy(tab: Page, slug: str, contact: str, quantity: int = 1) -> None:
    """Order something; the tab then shows its cashier."""
    tab.goto(f"/p/{slug}")
    tab.locator("[name=contact]").fill(contact)
    tab.locator("[name=quantity]").fill(str(quantity))
    tab.get_by_role("button", name="Buy now").click()
    expect(tab).to_have_url(re.compile("/o/"))


def go_to_the_gateway(tab: Page) -> None:
    tab.get_by_role("button", name=re.compile("^Pay")).click()
    expect(tab).to_have_url(re.compile("/pay"))


def pay_and_come_back(tab: Page) -> None:
    go_to_the_gateway(tab)
    tab.get_by_role("button", name=re.compile("Pay")).first.click()
    expect(tab).to_have_url(re.compile("/o/"))


def pay_elsewhere(url: str) -> float:
    """Pay at the gateway's page on another device, and return when that was; nobody comes back to the shop's page."""
    with httpx.Client() as phone:
        page = phone.get(url)
        path = re.search(r'action="(/pay/[^"]+)"', page.text)
        assert path, page.text
        at, form = time.time(), fields_of(page.text, path[1])
        assert phone.post(str(page.url.join(path[1])), data=form).status_code == 303
        return at


def shown_code(tab: Page) -> str:
    """Return the one code that the tab shows in clear, once it does."""
    shown = tab.locator("[data-field=code]")
    expect(shown).to_be_visible()
    return re.sub(r"\s", "", shown.inner_text())


def mailed(installation: Installation, contact: str) -> tuple[str, str]:
    """Return the link of the first letter to a buyer, as soon as it lies in the spool, and the whole letter."""
    until = time.monotonic() + LETTER_PATIENCE
    while time.monotonic() < until:
        for file in (installation.folder / "instance" / "spool").glob("*.eml"):
            letter = file.read_text("utf-8")
            if contact in str(read(file)["To"]) and (found := LINK.search(text_of(read(file)))):
                return found[0], letter
        time.sleep(0.1)
    raise AssertionError(f"no letter came:\n{installation.printed}")
