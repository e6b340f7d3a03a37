"""Exchanging in the shop: on the order's page, at once or through the cashier, by its proven buyer alone."""

from typing import Any

import pytest

from app.catalog.models import Kind
from app.entitlements import queries as entitled
from app.kit.ids import public
from app.kit.money import Money
from tests.exchanges.trading import make_rule, stock
from tests.make import Shop, make_product
from tests.web.shop.test_purchase import latest, paid_order


class Stall:
    """Dora's paid order on her phone, and another product that it may become."""

    def __init__(self, shop: Shop, price: int, **terms: Any) -> None:
        self.shop, self.dora = shop, shop.client()
        self.order = paid_order(shop, self.dora)
        self.dora.get(f"/s/{shop.slug}/help?lang=en")
        self.sku = make_product(shop, kind=Kind.CODE, price=price)
        self.difference = price - 1999
        stock(shop, self.sku)
        make_rule(shop, shop.sku, self.sku, **terms)
        found = latest(shop)
        first = shop.read(lambda: entitled.list_of_order(found.id))[0]
        self.url = f"{self.order}/exchanges/{public('ent', first.id)}"

    def page(self, url: str = "") -> str:
        return str(self.dora.get(url or self.order).get_data(as_text=True))

    def choose(self, choice: str = "") -> Any:
        said = choice or f"{self.sku}:{self.difference}"
        return self.dora.post(self.url, {"choice": said}, page=self.url)


def test_a_piece_becomes_another_of_the_same_price_by_one_form(shop: Shop) -> None:
    stall = Stall(shop, 1999)
    assert stall.url in stall.page()
    assert "Nothing to pay" in stall.page(stall.url)

    answer = stall.choose()

    assert answer.status_code == 303
    assert answer.location != stall.order
    new = stall.page(answer.location)
    assert "It has arrived" in new
    assert "is paid by an exchanged piece" in new
    old = stall.page()
    assert "Exchanged" in old
    assert latest(shop).number in old
    assert "The money goes back" not in old
    listed = stall.page(f"/s/{shop.slug}/orders")
    assert "Exchanged" in listed
    assert "Refunded" not in listed


def test_a_dearer_one_leads_to_the_cashier_with_the_difference(shop: Shop) -> None:
    stall = Stall(shop, 2999)
    assert "You pay CN¥10.00 more" in stall.page(stall.url)

    cashier = stall.page(stall.choose().location)

    assert "CN¥10.00" in cashier
    assert "CN¥19.99 is paid by an exchanged piece" in cashier
    old = stall.page()
    assert "Waiting for payment" in old
    assert stall.url not in old


def test_what_comes_back_and_the_fee_are_said_before(shop: Shop) -> None:
    stall = Stall(shop, 999, fee=Money(100, "CNY"))

    said = stall.page(stall.url)

    assert "CN¥9.00 goes back to you" in said
    assert "fee CN¥1.00" in said


def test_somebody_else_is_led_to_the_order(shop: Shop) -> None:
    stall = Stall(shop, 1999)
    charlie = shop.client()

    assert charlie.get(stall.url).location == stall.order
    page = f"/s/{shop.slug}/lookup"
    assert charlie.post(stall.url, {"choice": f"{stall.sku}:0"}, page=page).location == stall.order
    assert stall.url in stall.page()


@pytest.mark.parametrize("choice", ["nonsense", "SKU-none:0", ":0", "a:b", "-"])
def test_what_was_not_offered_is_refused_in_words(shop: Shop, choice: str) -> None:
    stall = Stall(shop, 1999)

    answer = stall.choose(choice)

    assert answer.status_code in (409, 422)
    text = answer.get_data(as_text=True)
    assert "Choose from the list" in text or "cannot be exchanged" in text


def test_once_it_was_looked_at_the_page_says_why_not(shop: Shop) -> None:
    stall = Stall(shop, 1999)
    stall.dora.post(f"{stall.order}/reveal", {}, page=f"/s/{shop.slug}/lookup")

    assert stall.url not in stall.page()
    assert "This cannot be exchanged" in stall.page(stall.url)
