"""Buying without JavaScript: what `curl` can do, a browser can."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock, events
from app.orders import queries as orders
from app.orders.models import Order
from tests.make import Browser, Shop


def order_of(shop: Shop, dora: Browser, headers: dict[str, str] | None = None, /, **changes: Any) -> Any:
    """Send the order form of the shop's product and return the answer."""
    page = f"/s/{shop.slug}/p/{shop.sku.lower()}"
    text = dora.get(page).get_data(as_text=True)
    idem = text.split('name="idem" value="')[1].split('"')[0]
    form = {"product": shop.sku.lower(), "sku": shop.sku, "quantity": "1", "contact": "dora@example.com", "idem": idem}
    return dora.post(f"/s/{shop.slug}/orders", form | changes, page=page, headers=headers)


def latest(shop: Shop) -> Order:
    return shop.read(lambda: orders.latest(1))[0]


def paid_order(shop: Shop, dora: Browser, quantity: int = 1) -> str:
    """Buy and pay, and return the address of the order's page."""
    shop.codes(quantity)
    placed = order_of(shop, dora, quantity=str(quantity))
    assert placed.status_code == 303
    assert shop.pay(latest(shop))
    return str(placed.location)


def shown_codes(html: str) -> list[str]:
    """Return the codes that a page shows in clear, as a script would read them."""
    marked = re.findall(r'<span[^>]*data-field="[a-z]+"[^>]*>(.*?)</span>\s*</dd>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s", "", text) for text in marked]


def happened(shop: Shop) -> list[str]:
    """Return what happened to the latest order, by name."""
    order_id = latest(shop).id
    return [row.name for row in shop.read(lambda: events.timeline(order_id=order_id))]


def test_dora_buys_pays_and_sees_her_code(shop: Shop) -> None:
    dora = shop.client()
    batch = shop.imports("ABCD-EFGH-2345-7Q2F")
    assert batch.imported == 1

    placed = order_of(shop, dora)
    cashier = dora.get(placed.location)
    assert cashier.status_code == 200
    assert "ABCD" not in cashier.get_data(as_text=True)
    method = re.search(r'name="method" value="(pay_\w+)"', cashier.get_data(as_text=True))
    assert method
    started = dora.post(f"{placed.location}/payments", {"method": method[1]}, page=placed.location)
    assert started.status_code == 303
    assert started.location.startswith("http://127.0.0.1:9/pay?merchant_no=")
    shop.pay(latest(shop))

    masked = dora.get(placed.location).get_data(as_text=True)
    assert "7Q2F" in masked
    assert "ABCD" not in masked
    revealed = dora.post(f"{placed.location}/reveal", {}, page=placed.location)

    assert shown_codes(revealed.get_data(as_text=True)) == ["ABCD-EFGH-2345-7Q2F"]
    assert happened(shop)[-1] == "code.revealed"


def test_a_revealed_page_is_kept_nowhere(shop: Shop) -> None:
    dora = shop.client()
    address = paid_order(shop, dora)

    answer = dora.post(f"{address}/reveal", {}, page=address)

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_another_browser_sees_the_mask_and_cannot_reveal(shop: Shop) -> None:
    dora, stranger = shop.client(), shop.client()
    address = paid_order(shop, dora)

    page = stranger.get(address)
    answer = stranger.post(f"{address}/reveal", {}, page=f"/s/{shop.slug}/p/{shop.sku.lower()}")

    assert page.status_code == 200
    assert 'name="password"' in page.get_data(as_text=True)
    assert answer.status_code == 422
    assert shown_codes(answer.get_data(as_text=True)) == []
    assert "code.revealed" not in happened(shop)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_nothing_but_a_post_reveals(shop: Shop, method: str) -> None:
    dora = shop.client()
    address = paid_order(shop, dora)

    answer = getattr(dora.client, method)(f"{address}/reveal")

    assert answer.status_code in {200, 405}
    assert shown_codes(answer.get_data(as_text=True)) == []
    assert "code.revealed" not in happened(shop)


def test_a_code_may_be_seen_again_and_each_time_is_recorded(shop: Shop) -> None:
    dora = shop.client()
    address = paid_order(shop, dora, 3)

    first = shown_codes(dora.post(f"{address}/reveal", {}, page=address).get_data(as_text=True))
    second = shown_codes(dora.post(f"{address}/reveal", {}, page=address).get_data(as_text=True))

    assert len(set(first)) == 3
    assert first == second
    order_id = latest(shop).id
    rows = [row for row in shop.read(lambda: events.timeline(order_id=order_id)) if row.name == "code.revealed"]
    assert len(rows) == 6
    assert {row.actor_type for row in rows} == {"device"}
    assert all(row.data["network"] == "127.0.0.0/24" and row.data["proof"] == "device" for row in rows)


def test_revealing_before_the_payment_shows_nothing(shop: Shop) -> None:
    dora = shop.client()
    shop.codes(1)
    placed = order_of(shop, dora)

    answer = dora.post(f"{placed.location}/reveal", {}, page=placed.location)

    assert answer.status_code == 409
    assert shown_codes(answer.get_data(as_text=True)) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("quantity", "0", "Order between 1 and 1,000 pieces."),
        ("quantity", "-1", "Order between 1 and 1,000 pieces."),
        ("quantity", "1000000000", "Order between 1 and 1,000 pieces."),
        ("quantity", "two", "Give a whole number."),
        ("quantity", "٣", "Give a whole number."),
        ("contact", "", "Give an e-mail address, a phone number"),
        ("contact", "c" * 10_000, "Give an e-mail address, a phone number"),
        ("sku", "NO-SUCH", "is not for sale here"),
        ("idem", "", "needs another look"),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_nothing_is_held(shop: Shop, field: str, value: str, said: str) -> None:
    shop.codes(1)
    dora = shop.client()
    dora.get("/?lang=en")

    answer = order_of(shop, dora, **{field: value})

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert shop.stock()["available"] == 1


def test_what_was_typed_is_still_there(shop: Shop) -> None:
    dora = shop.client()

    answer = order_of(shop, dora, quantity="0", contact="138 0013 8000")

    assert 'value="138 0013 8000"' in answer.get_data(as_text=True)


def test_sold_out_is_told_on_the_product_page(shop: Shop) -> None:
    dora = shop.client()
    dora.client.set_cookie("lang", "en")

    answer = order_of(shop, dora)

    assert answer.status_code == 409
    assert "This is sold out right now." in answer.get_data(as_text=True)


def test_the_same_form_sent_twice_leads_to_one_order(shop: Shop) -> None:
    dora = shop.client()
    shop.codes(3)

    answers = [order_of(shop, dora, idem="the same mark") for _ in range(2)]

    assert {answer.status_code for answer in answers} == {303}
    assert shop.stock()["held"] == 1


def test_paying_after_the_time_is_refused_with_a_way_on(shop: Shop) -> None:
    dora = shop.client()
    shop.codes(1)
    placed = order_of(shop, dora)
    text = dora.get(placed.location).get_data(as_text=True)
    method = re.search(r'name="method" value="(pay_\w+)"', text)
    assert method
    token = dora.token(placed.location)

    with clock.running(lambda: clock._system() + timedelta(minutes=20)):
        answer = dora.client.post(f"{placed.location}/payments", data={"csrf_token": token, "method": method[1]})

    assert answer.status_code == 409


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "../../etc", "0" * 3000])
def test_a_forged_order_token_is_not_found(shop: Shop, token: str) -> None:
    answer = shop.client().get(f"/s/{shop.slug}/o/{token}")

    assert answer.status_code == 404


def test_an_order_of_another_shop_is_not_found_here(shop: Shop, other: Shop) -> None:
    address = paid_order(other, other.client())

    answer = shop.client().get(address.replace(other.slug, shop.slug))

    assert answer.status_code == 404
