"""What the parts of a bundle brought: on the order, and in sum on the page of the bundle; for who may see costs."""

import re
from html import unescape

import pytest

from app.catalog.models import Source
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.orders.models import Order
from app.refunds import service as refunds
from tests import people
from tests.inventory import goods, pool
from tests.inventory.goods import bundle, variant
from tests.make import Browser, Shop

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def pair(shop: Shop) -> str:
    """A bundle for 10.00 of one A (two thirds of it, costs 1.00) and two B (one third, cost 0.30 each)."""
    one, two = variant(shop, Source.POOL), variant(shop, Source.POOL)
    shop.imports("\n".join(pool.fresh_codes(20)), sku=one, cost=100)
    shop.imports("\n".join(pool.fresh_codes(20)), sku=two, cost=30)
    return bundle(shop, (one, 1, 2), (two, 2, 1), price=1000)


def bought(shop: Shop, sku: str) -> Order:
    order = shop.place(2, sku=sku)
    assert shop.pay(order)
    return order


def seen(browser: Browser, path: str) -> str:
    html = browser.get(path, headers=ENGLISH).get_data(as_text=True)
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def order_page(shop: Shop, order: Order) -> str:
    return f"/office/{shop.slug}/orders/{public('ord', order.id)}"


def bundle_page(shop: Shop, sku: str) -> str:
    return f"/office/{shop.slug}/skus/{public('sku', shop.read(lambda: goods.sku_of(sku)).id)}/supply"


def test_an_order_tells_of_each_part_of_a_bundle_what_it_brought(shop: Shop, pair: str) -> None:
    order = bought(shop, pair)

    text = seen(people.alice(shop), order_page(shop, order))

    assert "2 CN¥13.33 CN¥2.00 CN¥11.33" in text
    assert "4 CN¥6.67 CN¥1.20 CN¥5.47" in text
    assert "Total 6 CN¥20.00 CN¥3.20 CN¥16.80" in text


def test_the_page_of_a_bundle_tells_the_sum_of_what_was_not_given_back(shop: Shop, pair: str) -> None:
    page = bundle_page(shop, pair)
    assert "Revenue in" not in seen(people.alice(shop), page)
    bought(shop, pair)
    back = bought(shop, pair)
    bought(shop, pair)
    shop.place(sku=pair)
    shop.write(lambda: refunds.refund(back.id, reason="", now=clock.now(), by=SYSTEM))

    text = seen(people.alice(shop), page)

    assert "Total 12 CN¥40.00 CN¥6.40 CN¥33.60" in text
    assert "Margin" not in seen(people.alice(shop), order_page(shop, back))


def test_who_may_not_see_costs_is_told_none(shop: Shop, pair: str) -> None:
    order, bob = bought(shop, pair), people.bob(shop)

    for page in (order_page(shop, order), bundle_page(shop, pair)):
        text = seen(bob, page)
        assert "Margin" not in text
        assert "Share of the price" not in text
