"""What a page costs its visitor: bytes and requests as the browser counts them, how late it stands, how much it jumps.

Whoever stands in front of the installation presses pages as they leave; where nobody did, this test does it itself.
"""

import gzip
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.browser.gallery import Gallery

KB = 1024
MOST = {"document": 14 * KB, "stylesheet": 10 * KB, "script": 22 * KB, "image": 60 * KB, "other": 8 * KB, "xhr": 1 * KB}
PRESSED = {"document", "stylesheet", "script", "other"}  # other: the sprite of the icons
REQUESTS = 8
MORE = {"delivered": 4}  # the pictures of how to use it
COVERS = 24
JUMPS = 0.02
SETTLES = 400  # milliseconds after the page has loaded
SCREENS = {"phone": (360, 780), "desk": (1440, 900)}
VISITED = ("home", "product", "cashier", "delivered", "look-up", "orders")
WATCH = """() => {
  window.jumped = 0;
  const add = one => { if (!one.hadRecentInput) window.jumped += one.value; };
  new PerformanceObserver(list => list.getEntries().forEach(add)).observe({type: "layout-shift", buffered: true});
  new PerformanceObserver(list => { window.drawn = list.getEntries().pop().startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
}"""


@dataclass
class Cost:
    """What the first view of a page took, by kind of file."""

    requests: list[str] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)

    def add(self, request: Request) -> None:
        kind, response = request.resource_type, request.response()
        body = response.body() if response else b""
        if kind in PRESSED:
            body = gzip.compress(body, 6, mtime=0)
        self.requests.append(request.url)
        self.sent[kind] += len(body)

    def __str__(self) -> str:
        sizes = ", ".join(f"{kind} {size / KB:.1f} KB" for kind, size in sorted(self.sent.items()))
        return f"{len(self.requests)} requests, {sizes}"


@pytest.mark.browser
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", VISITED)
def test_a_first_view_is_light_and_does_not_jump(name: str, screen: str, gallery: Gallery, browser: Browser) -> None:
    tab, requests = first_view(gallery, browser, name, SCREENS[screen])
    cost = Cost()
    for request in requests:
        cost.add(request)

    jumped, drawn = tab.evaluate("[window.jumped, window.drawn]")

    print(f"{name} on a {screen}: {cost}; largest paint after {drawn or 0:.0f} ms, jumped by {jumped:.4f}")
    assert not [url for url in cost.requests if origin(url) != gallery.base]
    assert {kind: size for kind, size in cost.sent.items() if size > MOST.get(kind, 0)} == {}
    assert len(cost.requests) <= REQUESTS + MORE.get(name, 0), cost.requests
    assert jumped <= JUMPS
    if name == "home":
        assert tab.locator(".tile-cover img").count() == COVERS


def first_view(gallery: Gallery, browser: Browser, name: str, screen: tuple[int, int]) -> tuple[Page, list[Request]]:
    """Return a page as somebody sees it who was never here, and all that it asked for."""
    asked: list[Request] = []
    context = gallery.context(browser, name, "zh", viewport={"width": screen[0], "height": screen[1]})
    context.add_init_script(f"({WATCH})()")
    tab = context.new_page()
    tab.on("request", lambda request: asked.append(request))
    gallery.go(tab, name)
    tab.wait_for_timeout(SETTLES)  # a page that follows its order never falls silent, so no "networkidle"
    return tab, asked


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
