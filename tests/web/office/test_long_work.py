"""Codes that are made and moved before somebody's eyes: how far it is, how to end it, what became of it."""

from functools import partial

import pytest

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.inventory.service import generating as making
from app.inventory.service import moving
from app.kit.ids import public
from app.web.office import generating
from tests import people
from tests.engines import on_sqlite
from tests.make import Browser, Shop, make_product

ENGLISH = {"Accept-Language": "en"}
PATTERN = "MF-#############-C"
pytestmark = on_sqlite


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is left to the worker."""
    monkeypatch.setattr(generating, "SMALL", 0.0)


def read(browser: Browser, url: str) -> str:
    return str(browser.get(url, headers=ENGLISH).get_data(as_text=True))


def make(shop: Shop, browser: Browser, count: int) -> str:
    """Ask for codes, and return the address of their batch."""
    root = f"/office/{shop.slug}/codes/generation"
    form = {"sku": shop.sku, "pattern": PATTERN, "count": str(count)}
    return str(browser.post(root, form, page=root).headers["Location"])


def move(shop: Shop, browser: Browser, count: int) -> str:
    """Move all free codes of the shop to another product, and return the address of the move."""
    other = make_product(shop, kind=Kind.CODE)
    found = [shop.read(partial(catalog.get_sku, code)) for code in (shop.sku, other)]
    here, there = (public("sku", sku.id) for sku in found)
    root = f"/office/{shop.slug}/codes/move"
    form = {"sku": here, "to": there, "count": str(count), "reason": "wrong SKU"}
    return str(browser.post(root, form, page=f"{root}?sku={here}").headers["Location"])


@pytest.mark.usefixtures("slow")
def test_making_shows_its_bar_and_is_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "SLICE", 4)
    alice = people.alice(shop)
    batch = make(shop, alice, 10)
    page = read(alice, batch)
    assert "0 of 10 codes made" in page
    assert "You may close this page" in page
    assert '<progress class="w-100" value="0" max="10"' in page

    answer = alice.post(f"{batch}/making/cancel", {}, page=batch)
    shop.drain()

    assert answer.status_code == 303
    page = read(alice, batch)
    assert "0 of 10 codes were made" in page
    assert "<progress" not in page


def test_what_is_made_soon_is_there_when_its_page_is_shown(shop: Shop) -> None:
    alice = people.alice(shop)
    page = read(alice, make(shop, alice, 3))
    assert "<progress" not in page
    assert "codes were made" not in page
    assert "Every line became a code" not in page
    assert PATTERN in page


@pytest.mark.usefixtures("slow")
def test_a_move_shows_its_bar_and_is_ended(shop: Shop) -> None:
    shop.codes(5)
    alice = people.alice(shop)
    url = move(shop, alice, 5)
    page = read(alice, url)
    assert "0 of 5 codes moved" in page
    assert 'hx-trigger="every 1s"' in page

    assert alice.post(f"{url}/cancel", {}, page=url).status_code == 303
    shop.drain()

    page = read(alice, url)
    assert "Stopped" in page
    assert "they are where they were" in page
    assert shop.pay(shop.place(5))


def test_a_move_that_is_over_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "SLICE", 2)
    shop.codes(5)
    alice = people.alice(shop)
    url = move(shop, alice, 5)
    page = read(alice, url)
    assert "5 of 5 codes moved" in page
    assert "hx-trigger" not in page.partition('id="move"')[2].partition("</section>")[0]
    assert "This move is over" in alice.post(f"{url}/cancel", {}, page=url, headers=ENGLISH).get_data(as_text=True)


@pytest.mark.usefixtures("slow")
def test_who_may_only_read_sees_how_far_it_is_and_ends_nothing(shop: Shop) -> None:
    alice, bob = people.alice(shop), people.bob(shop)
    batch = make(shop, alice, 10)
    assert "Stop here" not in read(bob, batch)
    assert bob.client.post(f"{batch}/making/cancel").status_code in (400, 403)
