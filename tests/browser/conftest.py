"""A whole installation (at greater depth one on each engine), a browser, and what the browser complained of.

Starting them costs more than what most tests look at. So each test buys as somebody nobody knows (`dora`) and fills
a shelf of its own (`card`); what it counts, it counts from how it found it.
"""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import gallery as galleries
from tests.browser.chromium import launch
from tests.browser.gallery import Gallery
from tests.browser.steps import Card
from tests.conftest import NewDatabase, new_database
from tests.installation import Installation
from tests.kit.depth import DEPTH

# Pages do not know the engine; `test_no_plaintext` walks through an installation on each at every depth.
ENGINES = ["sqlite", "postgresql"] if DEPTH >= 10 else ["sqlite"]


@pytest.fixture(scope="package", params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    urls = None if request.param == "sqlite" else new_database("postgresql", folder, request)
    with Installation(folder, urls=urls) as installation:
        yield installation


@pytest.fixture(scope="package")
def gallery(tmp_path_factory: pytest.TempPathFactory, migrated_database: NewDatabase) -> Iterator[Gallery]:
    """The demo's shop in every state, with a clock that stands still."""
    folder = tmp_path_factory.mktemp("gallery")
    with galleries.opened(folder, migrated_database("sqlite", folder)) as gallery:
        yield gallery


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser; what a test opened in it is closed."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def dora() -> str:
    """The address of a buyer who has never been here."""
    return f"dora-{secrets.token_hex(6)}@example.com"


@pytest.fixture
def card() -> Card:
    """What the merchant of this test sells, and nobody sold before."""
    number = secrets.token_hex(4)
    return Card(f"New card {number}", f"new-card-{number}", f"NEW-CARD-{number.upper()}")
