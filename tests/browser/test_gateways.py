"""Every gateway, as people meet it: its account is connected in the office, and a buyer pays there and gets the code.

The pages keep their policy: where a form may lead follows the gateways that are offered, so a page that sent the
buyer elsewhere would be stopped by the browser, and its complaint fails the test.
"""

import json
import re
from collections.abc import Iterator, Mapping

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from app.commands.demo import PASSWORD
from tests.browser import steps
from tests.installation import Installation

NAMES = ("alipay", "wechat", "stripe", "epay")
TITLES = {"alipay": "Alipay", "wechat": "WeChat Pay", "stripe": "Card (Stripe)", "epay": "Epay"}
STRIPE_KEY = "sk_test_simulator0000"
GOODS = "lanjing-points-500"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.0 Mobile/15E148 Safari/604.1"
)
PATIENCE = 45_000  # milliseconds until the code is there, on a busy machine


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A demo shop with every simulator beside it."""
    with Installation(tmp_path_factory.mktemp("gateways"), simulators=" ".join(NAMES)) as installation:
        yield installation


@pytest.fixture(scope="module")
def connected(house: Installation, chromium: Browser) -> Installation:
    """The shop whose owner has connected an account at each of them."""
    tab = steps.open_tab(chromium, house, [])
    steps.sign_in(tab)
    for name in NAMES:
        stop_offering(tab, name)
        connect(tab, name, entries(house, name), address(house, "stripe"))
    tab.context.close()
    return house


def stop_offering(tab: Page, name: str) -> None:
    """Make room for the account: the demo is connected with it already, and the same is connected once."""
    tab.goto("/office/demo/payments")
    tab.get_by_role("link", name=TITLES[name], exact=True).first.click()
    tab.get_by_role("button", name="Stop offering it").click()
    expect(tab.get_by_role("button", name="Offer it")).to_be_visible()


def address(house: Installation, name: str) -> str:
    """Return where a simulator stands, as the terminal says."""
    found = re.search(rf"模拟 {name}\s+(http://127\.0\.0\.1:\d+)/", house.printed)
    assert found
    return found[1]


def entries(house: Installation, name: str) -> Mapping[str, str]:
    """Return what its form asks for, from the keys of the simulator."""
    if name == "stripe":
        account = re.search(r"Account (acct_\w+), key", house.printed)
        assert account
        return {"account": account[1], "key": STRIPE_KEY}
    if name == "wechat":
        known = json.loads((house.folder / "instance" / "simulators" / "wechat.json").read_text())
        same = ("mchid", "appid", "certificate", "private_key", "public_key_id", "public_key", "api_v3_key")
        return {field: known[field] for field in same}
    keys = httpx.get(f"{address(house, name)}/keys").json()
    if name == "epay":
        return {"url": address(house, name), "pid": keys["pid"], "key": keys["key"]}
    return {
        "app_id": keys["app_id"],
        "private_key": keys["app_private"],
        "alipay_public_key": keys["alipay_public"],
        "seller_id": keys["seller_id"],
    }


def connect(tab: Page, name: str, values: Mapping[str, str], stripe: str) -> None:
    """Enter an account, and try it out; at Stripe one step is left before that."""
    tab.goto(f"/office/demo/payments/new/{name}")
    for field, value in values.items():
        tab.locator(f"[name={field}]").fill(value)
    tab.locator("main form [name=password]").fill(PASSWORD)
    tab.get_by_role("button", name="Connect").click()
    expect(tab).to_have_url(re.compile(r"/payments/pay_\w+$"))
    if name == "stripe":
        finish(tab, stripe)
    tab.get_by_role("button", name="Try it out").click()
    expect(tab.locator("#test")).to_contain_text("Notices reach the shop")  # the last line of every self-test


def finish(tab: Page, stripe: str) -> None:
    """Add the address for notices at Stripe, as its owner would, and enter the secret that it shows."""
    asked = {"url": tab.locator("#hook").inner_text().strip(), "enabled_events[0]": "*"}
    made = httpx.post(f"{stripe}/v1/webhook_endpoints", data=asked, headers={"Authorization": f"Bearer {STRIPE_KEY}"})
    tab.locator("#finish [name=webhook]").fill(made.json()["secret"])
    tab.locator("#finish [name=password]").fill(PASSWORD)
    tab.get_by_role("button", name="Finish").click()
    expect(tab.locator("#finish")).to_have_count(0)


def order(tab: Page, dora: str) -> str:
    """Order, and return the page of the order."""
    steps.buy(tab, GOODS, dora)
    expect(tab.locator("#cashier")).to_be_visible()
    return tab.url


def choose(tab: Page, name: str) -> None:
    """Choose a way to pay, and go on."""
    tab.locator("#methods label", has_text=TITLES[name]).locator("input").check()
    tab.locator("#cashier form[action$='/payments'] [type=submit]").click()


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_a_buyer_pays_on_a_phone_and_gets_the_code(
    name: str, connected: Installation, browser: Browser, complaints: list[str], dora: str
) -> None:
    tab = steps.open_tab(browser, connected, complaints, user_agent=PHONE)
    page = order(tab, dora)
    choose(tab, name)
    expect(tab).to_have_url(re.compile(re.escape(address(connected, name))))

    tab.locator("form [type=submit], button").first.click()
    expect(tab).to_have_url(re.compile(re.escape(page)), timeout=PATIENCE)

    expect(tab.locator("[data-field]").first).to_be_visible(timeout=PATIENCE)
    assert complaints == []


@pytest.mark.browser
def test_a_code_to_scan_is_shown_on_a_computer(
    connected: Installation, browser: Browser, complaints: list[str], dora: str
) -> None:
    tab = steps.open_tab(browser, connected, complaints, viewport={"width": 1440, "height": 900})
    order(tab, dora)

    choose(tab, "wechat")

    picture = tab.get_by_alt_text("QR code to pay with")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    assert complaints == []
