"""An answer that got lost: the same form again gives the same order, the same page and the same codes (B1.11)."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock, events
from app.orders import queries as orders
from app.orders.models import Order
from app.web.guard import DEVICE_COOKIE
from tests.make import Browser, Shop

CHANGING = re.compile(r'nonce="[^"]*"|[\w-]{8,}\.[\w-]{5,8}\.[\w-]{20,}')  # what is signed holds its time


def form_of(shop: Shop, dora: Browser) -> dict[str, str]:
    """Open the product page and return what its form sends."""
    text = dora.get(page_of(shop)).get_data(as_text=True)
    idem = text.split('name="idem" value="')[1].split('"')[0]
    return {"product": shop.sku.lower(), "sku": shop.sku, "quantity": "1", "contact": "dora@example.com", "idem": idem}


def page_of(shop: Shop) -> str:
    return f"/s/{shop.slug}/p/{shop.sku.lower()}"


def send(shop: Shop, dora: Browser, form: dict[str, str]) -> Any:
    return dora.post(f"/s/{shop.slug}/orders", form, page=page_of(shop))


def shown(dora: Browser, address: str) -> str:
    """Return a page without what may differ between two looks at it."""
    answer = dora.get(address)
    assert answer.status_code == 200
    return CHANGING.sub("", answer.get_data(as_text=True))


def lose_cookies(dora: Browser) -> None:
    """Forget what the first answer set, since it never arrived."""
    for cookie in list(dora.client._cookies or ()):
        if cookie[2] in (DEVICE_COOKIE, "order_password"):
            dora.client.delete_cookie(cookie[2], domain=cookie[0], path=cookie[1])


def only_order(shop: Shop) -> Order:
    (order,) = shop.read(lambda: orders.latest(5))
    return order


@pytest.fixture
def dora(shop: Shop) -> Browser:
    shop.codes(3)
    return shop.client()


def test_the_same_form_again_shows_the_same_page(shop: Shop, dora: Browser) -> None:
    form = form_of(shop, dora)
    first = shown(dora, send(shop, dora, form).location)

    again = shown(dora, send(shop, dora, form).location)

    assert again == first
    assert only_order(shop).number in again
    assert shop.stock()["held"] == 1


def test_a_buyer_whose_first_answer_never_came_gets_the_order_with_all_its_rights(shop: Shop, dora: Browser) -> None:
    form = form_of(shop, dora)
    first = shown(dora, send(shop, dora, form).location)
    lose_cookies(dora)

    address = send(shop, dora, form).location
    assert shown(dora, address) == first
    shop.pay(only_order(shop))
    revealed = dora.post(f"{address}/reveal", {}, page=address)

    assert revealed.status_code == 200
    assert 'data-field="code"' in revealed.get_data(as_text=True)


def test_the_move_to_another_browser_is_recorded_and_ends_with_the_payment(shop: Shop, dora: Browser) -> None:
    form = form_of(shop, dora)
    send(shop, dora, form)
    lose_cookies(dora)
    send(shop, dora, form)
    order = only_order(shop)
    names = [row.name for row in shop.read(lambda: events.timeline(order_id=order.id))]
    assert names == ["order.placed", "order.sent_again"]
    shop.pay(order)

    stranger = shop.client()
    address = send(shop, stranger, form).location

    assert stranger.get(address).status_code == 200
    assert only_order(shop).device_id == order.device_id
    assert 'name="password"' in stranger.get(address).get_data(as_text=True)


def test_a_reveal_again_shows_the_same_code(shop: Shop, dora: Browser) -> None:
    address = send(shop, dora, form_of(shop, dora)).location
    shop.pay(only_order(shop))

    looks = [dora.post(f"{address}/reveal", {}, page=address).get_data(as_text=True) for _ in range(2)]

    codes = [re.findall(r'data-field="code"[^>]*>(.*?)</span>\s*</dd>', look, re.DOTALL) for look in looks]
    assert codes[0] == codes[1] != []


def password_on(dora: Browser, address: str) -> str:
    """Return the order password that a page shows, or nothing."""
    found = re.search(r'id="order-password"[^>]*>([^<]+)<', dora.get(address).get_data(as_text=True))
    return found[1] if found else ""


def test_the_cashier_shows_the_password_to_its_buyer_until_the_payment(shop: Shop, dora: Browser) -> None:
    address = send(shop, dora, form_of(shop, dora)).location
    order = only_order(shop)
    text = password_on(dora, address)
    assert shop.read(lambda: orders.is_password(order, text))
    assert password_on(shop.client(), address) == ""
    shop.pay(order)

    page = dora.get(address)

    assert text not in page.get_data(as_text=True)
    assert any(line.startswith("order_password=;") for line in page.headers.getlist("Set-Cookie"))
    assert dora.client.get_cookie("order_password", path=address) is None


def test_the_password_is_in_no_cookie_no_address_and_no_event(shop: Shop, dora: Browser) -> None:
    placed = send(shop, dora, form_of(shop, dora))
    order = only_order(shop)
    text = password_on(dora, placed.location)
    happened = str([row.data for row in shop.read(lambda: events.timeline(order_id=order.id))])

    for letters in (text, text.replace("-", "")):
        assert letters not in str(placed.headers)
        assert letters not in happened


def test_the_password_is_shown_for_twenty_minutes_at_most(shop: Shop, dora: Browser) -> None:
    placed = send(shop, dora, form_of(shop, dora))
    cookie = next(line for line in placed.headers.getlist("Set-Cookie") if line.startswith("order_password="))

    assert "Max-Age=1200" in cookie
    assert "HttpOnly" in cookie
    assert f"Path={placed.location}" in cookie
    with clock.running(lambda: clock._system() + timedelta(minutes=21)):
        assert password_on(dora, placed.location) == ""


def test_a_buyer_cancels_an_order_and_a_stranger_does_not(shop: Shop, dora: Browser) -> None:
    address = send(shop, dora, form_of(shop, dora)).location

    stranger = shop.client().post(f"{address}/cancellation", {}, page=page_of(shop))
    assert stranger.status_code == 404
    answer = dora.post(f"{address}/cancellation", {}, page=address)

    assert answer.status_code == 303
    assert shop.stock()["available"] == 3
    again = dora.client.post(f"{address}/cancellation", data={"csrf_token": dora.token(page_of(shop))})
    assert again.status_code == 409


def test_too_many_unpaid_orders_are_told_beside_the_form(shop: Shop, dora: Browser) -> None:
    shop.codes(5)
    dora.client.set_cookie("lang", "en")
    for _ in range(5):
        assert send(shop, dora, form_of(shop, dora)).status_code == 303

    answer = send(shop, dora, form_of(shop, dora))

    assert answer.status_code == 429
    assert "5 of your orders are still waiting for a payment." in answer.get_data(as_text=True)
