"""The page of an order that opens later: it says when and why, shows no code, and the staff can hand it over now."""

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.orders.models import Order
from app.web.shop.placing import token_of
from tests import people
from tests.make import Shop


def closed(shop: Shop) -> Order:
    def change() -> None:
        shelving.set_opening(catalog.get_sku(shop.sku), 30, now=clock.now(), by=SYSTEM)

    shop.write(change)
    shop.imports("CANARY-CLOSED-01")
    order = shop.place()
    assert shop.pay(order)
    return shop.order(order)


def page_of(shop: Shop, order: Order) -> str:
    text: str = shop.client().get(f"/s/{shop.slug}/o/{token_of(order.id)}?lang=en").get_data(as_text=True)
    return text


def test_the_buyer_sees_when_and_why_and_no_code(shop: Shop) -> None:
    text = page_of(shop, closed(shop))

    assert 'data-opens="' in text
    assert "0:29:" in text or "0:30:00" in text
    assert "time to check it" in text
    assert "CANARY" not in text
    assert 'id="show"' not in text


def test_the_product_says_it_before_it_is_bought(shop: Shop) -> None:
    closed(shop)
    text = shop.client().get(f"/s/{shop.slug}/p/{shop.sku.lower()}?lang=en").get_data(as_text=True)

    assert "30 minutes after payment" in text


def test_the_staff_hand_it_over_now(shop: Shop) -> None:
    order, person = closed(shop), people.alice(shop)
    person.client.set_cookie("lang", "en")
    page = f"/office/{shop.slug}/orders/{public('ord', order.id)}"
    assert "Hand it over now" in person.get(page).get_data(as_text=True)

    assert person.post(f"{page}/opening", {}, page=page).status_code == 303
    shop.drain()
    assert "Opens later" not in person.get(page).get_data(as_text=True)
    assert "Handed over before its time" in person.get(page).get_data(as_text=True)
    assert 'data-opens="' not in page_of(shop, order)


def test_a_delay_is_set_where_a_variant_is_supplied(shop: Shop) -> None:
    person = people.alice(shop)
    person.client.set_cookie("lang", "en")
    page = f"/office/{shop.slug}/skus/{public('sku', shop.read(lambda: catalog.get_sku(shop.sku).id))}/supply"
    assert person.post(f"{page[:-7]}/opening", {"minutes": "90"}, page=page).status_code == 303
    assert 'value="90"' in person.get(page).get_data(as_text=True)

    seen = person.post(f"{page[:-7]}/opening", {"minutes": "99999"}, page=page)
    assert seen.status_code == 422
    assert "between a minute and 30 days" in seen.get_data(as_text=True)
