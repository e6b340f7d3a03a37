"""Makes the README's pictures from the demo's shop: `.venv/bin/python -m docs.pictures.make`.

An installation of its own is started on free ports in a folder that is gone afterwards, and looked at in Chromium.
"""

import io
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from app.commands.demo import OWNER, PASSWORD
from app.commands.demo.company import ADMINISTRATOR
from app.commands.demo.company import PASSWORD as COMPANY_PASSWORD
from tests.browser import steps
from tests.browser.chromium import launch
from tests.installation import Installation

HERE = Path(__file__).parent
DESK, PHONE = (1440, 900), (390, 844)
GOOD, CONTACT = "lanjing-points-500", "dora@example.com"
MOST, QUALITY = 150_000, 82  # bytes of a picture; of WebP


def home(tab: Page) -> None:
    tab.goto("/")


def product(tab: Page) -> None:
    tab.goto("/p/xingye-quarter")


def delivery(tab: Page) -> None:
    tab.goto(f"/p/{GOOD}")
    tab.locator("[name=contact]").fill(CONTACT)
    tab.locator("#order-form [type=submit]").click()
    tab.locator("#cashier form[action$='/payments'] [type=submit]").click()
    tab.locator("form [type=submit]").first.click()
    tab.wait_for_selector("[data-field]")


def office(tab: Page) -> None:
    tab.goto("/office/demo/")
    tab.locator("[name=email]").fill(OWNER)
    tab.locator("[name=password]").fill(PASSWORD)
    tab.locator("main form .btn-primary").click()
    tab.wait_for_url("**/office/demo/")


def orders(tab: Page) -> None:
    office(tab)
    tab.goto("/office/demo/orders")


def importing(tab: Page) -> None:
    office(tab)
    tab.goto("/office/demo/imports/new")
    tab.locator("[name=sku]").select_option("YT-MONTH")


def counter(tab: Page) -> None:
    office(tab)
    tab.goto("/office/demo/counter")
    tab.locator("main form [type=submit]").click()
    tab.wait_for_selector("#counter-scan")


def company(tab: Page) -> None:
    tab.goto("/enterprise/demo/")
    tab.locator("[name=email]").fill(ADMINISTRATOR)
    tab.locator("[name=password]").fill(COMPANY_PASSWORD)
    tab.locator("main form .btn-primary").click()
    tab.wait_for_url("**/enterprise/demo/")


def bulk(tab: Page) -> None:
    """Choose some of a batch and stop at the preview."""
    company(tab)
    tab.goto("/enterprise/demo/redeem")
    tab.locator("form[action$='/redeem/batch'] [name=quantity]").fill("50")
    tab.locator("form[action$='/redeem/batch'] [type=submit]").click()
    tab.wait_for_url("**/redeem/blk_*")


PICTURES: Mapping[str, tuple[Callable[[Page], None], tuple[int, int]]] = {
    "home": (home, DESK),
    "product": (product, DESK),
    "delivery": (delivery, DESK),
    "office": (office, DESK),
    "orders": (orders, DESK),
    "import": (importing, DESK),
    "counter": (counter, DESK),
    "wallet": (company, DESK),
    "bulk": (bulk, DESK),
    "home-phone": (home, PHONE),
    "delivery-phone": (delivery, PHONE),
}


def main() -> None:
    """Make them all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Installation(Path(folder)) as installation,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        for name, (walk, screen) in PICTURES.items():
            size = keep(name, look(browser, installation, walk, screen))
            print(f"{name}: {size / 1000:.0f} kB")


def look(browser: Browser, installation: Installation, walk: Callable[[Page], None], screen: tuple[int, int]) -> bytes:
    """Return what somebody sees at the end of a walk."""
    size = {"width": screen[0], "height": screen[1]}
    tab = steps.open_tab(browser, installation, [], locale="zh-CN", viewport=size, color_scheme="light")
    walk(tab)
    tab.wait_for_timeout(500)
    shot = tab.screenshot()
    tab.context.close()
    return shot


def keep(name: str, shot: bytes) -> int:
    """Keep a picture as small as pictures of pages need to be, and return its size."""
    file = HERE / f"{name}.webp"
    Image.open(io.BytesIO(shot)).convert("RGB").save(file, quality=QUALITY, method=6)
    size = file.stat().st_size
    if size > MOST:
        raise SystemExit(f"{file} has {size} bytes; a README should not weigh that much")
    return size


if __name__ == "__main__":
    main()
