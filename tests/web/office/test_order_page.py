"""An order's page in one place: what its buyer was told and gave away, and what happens next by itself."""

import re
from datetime import timedelta

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.orders.models import Order
from tests import people
from tests.gifting.giving import accept, make_giver
from tests.make import Shop


def page_of(shop: Shop, order: Order) -> str:
    answer = people.alice(shop).get(f"/office/{shop.slug}/orders/{public('ord', order.id)}?lang=en")
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def ahead(page: str) -> list[str]:
    """Return what the page says comes next."""
    _before, heading, after = page.partition("What comes next")
    return re.findall(r'trail-name">([^<]+)<', after.partition("</ol>")[0]) if heading else []


def test_a_gift_stands_on_the_page_of_its_order_and_so_does_its_end(shop: Shop) -> None:
    giver = make_giver(shop)
    opens = clock.now() + timedelta(days=2)
    giver.wrap(opens_at=opens)

    page = page_of(shop, giver.order)

    assert "Dora → Lin" in page
    assert "Not claimed yet" in page
    assert ahead(page) == ["The gift can be claimed", "Nobody claimed the gift: it is its giver&#39;s again"]


def test_a_claimed_gift_waits_for_nothing(shop: Shop) -> None:
    giver = make_giver(shop)
    accept(shop, giver.wrap())

    page = page_of(shop, giver.order)

    assert "Claimed" in page
    assert not ahead(page)


def test_what_waits_for_money_for_codes_or_for_its_time_says_until_when(shop: Shop) -> None:
    shop.codes(2)
    unpaid = shop.place()
    assert ahead(page_of(shop, unpaid)) == ["Time to pay is over"]

    shop.write(lambda: shelving.set_opening(catalog.get_sku(shop.sku), 30, now=clock.now(), by=SYSTEM))
    closed = shop.place()
    assert shop.pay(closed)
    page = page_of(shop, closed)
    assert ahead(page) == ["The buyer can open it"]
    assert "Paid, and handed over later" in page
    assert "Import the missing codes" not in page


def test_a_message_says_by_which_way_it_went(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place(contact="dora@example.com")
    assert shop.pay(order)
    shop.drain()

    assert "Codes are ready · E-mail" in page_of(shop, order)
