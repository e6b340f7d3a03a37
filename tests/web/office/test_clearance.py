"""A clearance as people see it: set up on the stock page, shown to buyers only while there is something of it."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from app.catalog import queries as catalog
from app.kit.ids import public
from tests import people
from tests.inventory import pool
from tests.inventory.test_order_of_sale import buy
from tests.make import Browser, Shop
from tests.web.office.test_stocking import office, plain, seen, send, sku_of, stock_page

NEW = {"into": "new", "clear_days": "10", "clear_name": "Short-dated", "clear_price": "5"}


@pytest.fixture
def alice(shop: Shop) -> Browser:
    return people.alice(shop)


def bring(shop: Shop, count: int, days: int) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(count)), expires_on=pool.today() + timedelta(days=days))


def short_of(shop: Shop) -> tuple[str, UUID]:
    number = sku_of(shop)
    (rule,) = [one for one in shop.read(catalog.read_clearances).values() if one.sku_id == number]
    return rule.into, rule.into_id


def looks(shop: Shop, path: str) -> str:
    """Return what a buyer reads of a page of the shop that he loads anew."""
    headers = {"Accept-Language": "en", "Cache-Control": "no-cache"}
    answer = shop.client().get(f"/s/{shop.slug}{path}", headers=headers)
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True))


def test_a_clearance_is_set_up_with_a_new_variant_in_one_go(shop: Shop, alice: Browser) -> None:
    bring(shop, 3, 5)
    bring(shop, 2, 50)

    assert send(alice, shop, "clearance", **NEW) == 303
    code, number = short_of(shop)
    assert "In the window, to be moved now 3" in seen(alice, stock_page(shop))
    shop.drain()

    text = seen(alice, stock_page(shop))
    assert f"10 days before they expire, codes move to {code}" in text
    assert "In the window, to be moved now 0" in text
    assert "Moved in 30 days 3" in text
    there = alice.get(office(shop, f"skus/{public('sku', number)}/stock"), headers={"Accept-Language": "en"})
    html = there.get_data(as_text=True)
    assert f"Takes the codes of {shop.sku} that expire within 10 days" in plain(html)
    assert f"/skus/{public('sku', sku_of(shop))}/stock" in html
    assert f"codes?sku={public('sku', number)}" in html
    history = seen(alice, office(shop, f"products/{public('prd', shop.read(lambda: product_of(shop)))}"))
    assert "Short-dated codes moved" in history
    assert f"3 codes · {shop.sku} → {code}" in history
    assert f"clearance of {shop.sku}" in history


def product_of(shop: Shop) -> UUID:
    return catalog.get_sku(shop.sku).product_id


def test_a_clearance_is_changed_and_ended(shop: Shop, alice: Browser) -> None:
    assert send(alice, shop, "clearance", **NEW) == 303
    code, number = short_of(shop)

    assert send(alice, shop, "clearance", into=public("sku", number), clear_days="20") == 303
    assert shop.read(lambda: catalog.get_sku(shop.sku).clear_days) == 20
    assert send(alice, shop, "clearance", into="", clear_days="20") == 303
    assert shop.read(lambda: catalog.get_sku(shop.sku).clear_sku_id) is None
    assert shop.read(lambda: catalog.get_sku(code).on_sale)


@pytest.mark.parametrize(
    "wrong",
    [
        {"clear_days": "x"},
        {"clear_days": "0"},
        {"clear_name": " "},
        {"clear_name": "x" * 61},
        {"clear_price": ""},
        {"into": "sku_00000000000000000000000000"},
        {"into": "own"},
    ],
)
def test_what_is_no_rule_is_refused_beside_its_field(shop: Shop, alice: Browser, wrong: dict[str, str]) -> None:
    own = {"into": public("sku", sku_of(shop))} if wrong.get("into") == "own" else {}

    assert send(alice, shop, "clearance", **(NEW | wrong | own)) == 422

    assert shop.read(catalog.read_clearances) == {}
    assert len(shop.read(lambda: catalog.list_skus_of(product_of(shop)))) == 1


def test_who_may_not_change_products_sets_no_clearance(shop: Shop, alice: Browser) -> None:
    bob = people.bob(shop)

    text = seen(bob, stock_page(shop))

    assert "Clearance of short-dated codes" in text
    path = stock_page(shop, "clearance")
    assert bob.post(path, NEW, page=office(shop, "account")).status_code in (403, 404)
    assert shop.read(catalog.read_clearances) == {}


def test_a_buyer_sees_it_while_there_is_some_with_the_price_before_and_the_day(shop: Shop, alice: Browser) -> None:
    page = f"/p/{shop.sku.lower()}"
    bring(shop, 5, 50)
    assert send(alice, shop, "clearance", **NEW) == 303
    code, _ = short_of(shop)
    shop.drain()
    assert code not in looks(shop, page)

    bring(shop, 2, 7)
    bring(shop, 1, 4)
    shop.drain()
    html = looks(shop, page)
    assert code in html
    assert f"Good until {pool.today() + timedelta(days=4)} at least" in plain(html)
    assert re.search(r'<s class="struck num">.*?19\.99</s>', html)
    assert "¥5.00" in html

    buy(shop, sku=code)
    assert f"Good until {pool.today() + timedelta(days=7)} at least" in plain(looks(shop, page))
    buy(shop, 2, sku=code)
    shop.drain()
    assert code not in looks(shop, page)


def test_the_shelf_asks_the_price_of_what_there_is(shop: Shop, alice: Browser) -> None:
    bring(shop, 5, 50)
    assert send(alice, shop, "clearance", **NEW) == 303
    shop.drain()
    assert "¥5.00" not in looks(shop, "/?sort=cheap")

    bring(shop, 1, 5)
    shop.drain()
    assert "¥5.00" in looks(shop, "/?sort=cheap&stock=1")

    buy(shop, sku=short_of(shop)[0])
    shop.drain()
    html = looks(shop, "/?sort=dear")
    assert "¥5.00" not in html
    assert "¥19.99" in html
