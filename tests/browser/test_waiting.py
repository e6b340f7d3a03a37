"""Waiting in a real browser under the real policy: paid, and the code stands there, without a tap, within a second."""

import random
import re
import statistics
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.installation import Installation
from tests.kit.depth import DEPTH
from tests.test_no_plaintext import fields_of

PURCHASES = 6 * DEPTH  # a figure is read at depth 10; here the middle one is judged
SECOND = 1.0
GOOD = "lanjing-points-500"
JUMPS = ("00:01", "00:30", "01:40", "13:00")  # from one pace to the next, of the browser's own time
TO_AND_FRO = 80  # milliseconds of ours that an answer needs
TELL_WHEN = """() => {
  new MutationObserver(() => {
    if (!window.shownAt && document.querySelector("[data-field]")) window.shownAt = Date.now();
  }).observe(document, {childList: true, subtree: true});
}"""


@pytest.mark.browser
def test_the_page_that_waits_shows_the_code_within_a_second_of_the_payment(
    installation: Installation, browser: Browser, complaints: list[str]
) -> None:
    tab = steps.open_tab(browser, installation, complaints)

    took = sorted(seconds_until_shown(tab) for _ in range(PURCHASES))

    print(f"paid to visible, {len(took)} times: median {statistics.median(took):.2f} s, p95 {p95(took):.2f} s")
    assert statistics.median(took) <= SECOND  # p95 is the promise; it is measured where nothing else runs
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_the_page_asks_less_and_less_and_at_once_when_somebody_looks_again(
    installation: Installation, browser: Browser, complaints: list[str]
) -> None:
    tab = steps.open_tab(browser, installation, complaints)
    tab.clock.install()
    asked: list[str] = []
    tab.on("request", lambda sent: asked.append(sent.url) if "/status" in sent.url else None)
    wait_at_cashier(tab)
    tab.clock.pause_at(tab.evaluate("Date.now() / 1000") + 1)

    paces = [pace(tab, asked, after=jump) for jump in JUMPS]

    assert paces == [500, 1000, 3000, 0]  # in the end by hand
    for wakes in ("document:visibilitychange", "window:pageshow", "window:focus", "window:online"):
        asked.clear()
        target, _, name = wakes.partition(":")
        tab.evaluate(f"{target}.dispatchEvent(new Event('{name}'))")
        tab.wait_for_timeout(TO_AND_FRO)
        assert len(asked) == 1, wakes
    assert complaints == []


def wait_at_cashier(tab: Page) -> None:
    """Start a payment and come back to the order's page without having paid."""
    order, _ = started(tab)
    tab.goto(order)
    expect(tab.locator("[data-follow=often]")).to_be_attached()


def pace(tab: Page, asked: list[str], *, after: str) -> int:
    """Move the browser's time on, and return after how many milliseconds its page asks again; 0: it does not."""
    tab.clock.fast_forward(after)
    tab.wait_for_timeout(TO_AND_FRO)
    asked.clear()
    for waited in range(250, 4000, 250):
        tab.clock.run_for(250)
        tab.wait_for_timeout(TO_AND_FRO)
        if asked:
            return waited
    return 0


@pytest.mark.browser
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_code_is_copied_whichever_way_works_and_hidden_when_its_page_is_left(
    installation: Installation, browser: Browser, complaints: list[str], dora: str
) -> None:
    tab = steps.open_tab(browser, installation, complaints)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    steps.buy(tab, GOOD, dora, 2)
    steps.pay_and_come_back(tab)
    number = tab.locator("#c-1-1-number")
    expect(number).to_be_visible()
    code = re.sub(r"\s", "", number.inner_text())
    assert number.text_content() == code  # groups are drawn, not typed

    for broken, said in WAYS.items():
        tab.evaluate(broken)
        button = tab.locator('[data-copy="#c-1-1-number"]')
        button.click()
        expect(button).to_contain_text(said)
        if said == "Copied":
            assert tab.evaluate("navigator.clipboard.readText()") == code
            tab.evaluate("navigator.clipboard.writeText('')")
        else:
            assert re.sub(r"\s", "", tab.evaluate("getSelection().toString()")) == code
        expect(button).not_to_contain_text(said)  # it says so for two seconds
    tab.locator('[data-copy="#all-codes"]').click()
    assert re.fullmatch(r"(\d+\t\d+\s?){2}", tab.evaluate("getSelection().toString()"))
    with tab.expect_download() as saved:
        tab.get_by_role("button", name="Download TXT").click()
    assert Path(saved.value.path()).read_bytes().startswith(f"{code}\t".encode())

    tab.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert code not in tab.content()
    assert complaints == []


WAYS = {
    "0": "Copied",
    "() => { document.execCommand = () => false; }": "Copied",
    "() => { navigator.clipboard.writeText = () => Promise.reject(); }": "Selected: press and hold to copy",
}


def seconds_until_shown(tab: Page) -> float:
    """Pay an order on another device while its page waits, and return how long that took to show the code."""
    order, gateway = started(tab)
    tab.goto(order)
    expect(tab.locator("[data-follow=often]")).to_be_attached()
    tab.evaluate(TELL_WHEN)
    tab.wait_for_timeout(random.uniform(500, 1000))  # anywhere between two questions of the page
    paid_at = steps.pay_elsewhere(gateway)
    expect(tab.locator("[data-field=number]")).to_be_visible()
    return float(tab.evaluate("window.shownAt")) / 1000 - paid_at


def started(tab: Page) -> tuple[str, str]:
    """Order and start the payment with the cookies of the tab, and return where its page is, and the gateway's."""
    http = tab.request
    form = fields_of(http.get(f"/p/{GOOD}").text(), "/orders") | {"contact": "dora@example.com", "quantity": "1"}
    cashier = http.post("/orders", form=form)  # type: ignore[arg-type]
    choice = fields_of(cashier.text(), "/payments")
    gateway = http.post(f"{cashier.url}/payments", form=choice, max_redirects=0)  # type: ignore[arg-type]
    assert "location" in gateway.headers, f"{gateway.status}: {gateway.text()}"
    return cashier.url, gateway.headers["location"]


def p95(took: list[float]) -> float:
    return took[-1 - len(took) // 20]
