"""The scanner zoo: whatever opens, renders, clicks and fills in what it finds behind a mailed link sees no code."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.browser import steps
from tests.engines import Postgres
from tests.installation import Installation

CARD = "lanjing-points-500"
BOTS = (
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "TelegramBot (like TwitterBot)",
    "WhatsApp/2.23.20.0",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Trident/7.0; rv:11.0) like Gecko Microsoft Office Safe Links",
    "Mozilla/5.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.40",
    "Barracuda Sentinel (EE)",
    "curl/8.5.0",
)
WORTH_A_LOOK = re.compile(r"^(/s/demo)?/(r|o|orders|lookup)\b")
CLICKABLE = "main a, main button, main summary, main label, main [hx-get], main [hx-post]"
JUNK = "scanner@example.com"
USED = (
    "SELECT sum(devices) FROM link",
    "SELECT count(*) FROM link_device",
    "SELECT sum(reveals) FROM entitlement",
)
TRIES = "SELECT count(*) FROM login_try"


@pytest.mark.browser
def test_no_scanner_sees_a_code_or_uses_a_link_up(
    installation: Installation, browser: Browser, dora: str, request: pytest.FixtureRequest
) -> None:
    tab = steps.open_tab(browser, installation, [], java_script_enabled=False)  # her page opens nothing by itself
    steps.buy(tab, CARD, dora)
    password = tab.locator("#order-password").inner_text()
    steps.pay_and_come_back(tab)
    link, _ = steps.mailed(installation, dora)
    before, (tried,) = used_up(installation, request), counted(installation, request, TRIES)

    seen = [*preview(installation, link), *crawl(browser, installation, link)]

    assert len(seen) > 30
    assert counted(installation, request, TRIES)[0] > tried, "nobody sent the form of the link's page"
    assert used_up(installation, request) == before
    eve = steps.open_tab(browser, installation, [])  # the buyer on another device, who was not locked out
    eve.goto(link)
    eve.get_by_label("Order password").fill(password)
    eve.get_by_role("button", name="This is my order").click()
    eve.get_by_role("button", name="Show code").click()
    expect(eve.locator("[data-field]").first).to_be_visible()
    fields = [re.sub(r"\s", "", shown.inner_text()) for shown in eve.locator("[data-field]").all()]
    assert all(len(field) >= 6 for field in fields)
    for page in seen:
        assert "data-field" not in page
        bare = re.sub(r"<[^>]+>|\s", "", page)
        assert not any(field in bare for field in fields)
    assert used_up(installation, request) == tuple(count + 1 for count in before)


def preview(installation: Installation, link: str) -> Iterator[str]:
    """Look at a link as previews and gateways of mail do, in all the ways that ask nobody."""
    with httpx.Client(follow_redirects=True) as client:
        for agent in BOTS:
            for method in ("HEAD", "GET", "OPTIONS", "GET"):
                yield client.request(method, link, headers={"User-Agent": agent}).text
            for path in ("/reveal", "/proof"):
                yield client.get(link + path, headers={"User-Agent": agent}).text
                yield client.post(link + path, headers={"User-Agent": agent}, data={"password": JUNK}).text


def crawl(browser: Browser, installation: Installation, link: str) -> Iterator[str]:
    """Run the scripts of a link's page, click everything, send every form with junk, and so on where that leads."""
    tab = steps.open_tab(browser, installation, [])
    ahead, known = [link], {urlsplit(link).path}
    while ahead and len(known) < 12:
        url = ahead.pop(0)
        for act in acts(tab, url):
            act()
            yield content_of(tab)
            path = urlsplit(tab.url).path
            if path not in known and WORTH_A_LOOK.match(path):
                known.add(path)
                ahead.append(tab.url)


def acts(tab: Page, url: str) -> Iterator[Callable[[], object]]:
    """Yield everything that can be done on a page, each on the page as it was opened."""
    yield partial(tab.goto, url)
    for what, act in (("form", send), (CLICKABLE, click)):
        tab.goto(url)
        for number in reversed(range(tab.locator(what).count())):  # the last first: one may put itself away for good
            tab.goto(url)
            yield partial(act, tab.locator(what).nth(number))


def send(form: Locator) -> None:
    form.evaluate(
        """(form, junk) => {
            for (const entry of form.querySelectorAll("input:not([type=hidden]), textarea")) entry.value = junk;
            for (const entry of form.querySelectorAll("input[type=checkbox], input[type=radio]")) entry.checked = true;
            form.requestSubmit();
        }""",
        JUNK,
    )


def click(spot: Locator) -> None:
    try:
        spot.click(timeout=1000, force=True, no_wait_after=True)
    except Error:
        spot.page.wait_for_timeout(0)  # it lies hidden; a scanner goes on as well


def content_of(tab: Page) -> str:
    """Return what a page has become, once it no longer leaves for another."""
    for _ in range(20):
        tab.wait_for_timeout(150)
        try:
            tab.wait_for_load_state()
            return tab.content()
        except Error:
            continue
    raise AssertionError(f"{tab.url} does not come to rest")


def used_up(installation: Installation, request: pytest.FixtureRequest) -> tuple[int, ...]:
    """Return how many browsers links let in, by their own count and one by one, and how many looks there were."""
    return counted(installation, request, *USED)


def counted(installation: Installation, request: pytest.FixtureRequest, *queries: str) -> tuple[int, ...]:
    """Return what queries on the whole database count, read as nobody of ours may."""
    url = installation.env.get("DATABASE_URL", "")
    if url:
        cluster: Postgres = request.getfixturevalue("postgres")
        engine = create_engine(cluster.superuser.set(database=make_url(url).database))
    else:
        engine = create_engine(f"sqlite:///{installation.folder / 'instance' / 'miaofa.db'}")
    with engine.connect() as connection:
        found = tuple(int(connection.execute(text(query)).scalar() or 0) for query in queries)
    engine.dispose()
    return found
