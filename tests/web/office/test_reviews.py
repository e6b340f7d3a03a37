"""What the fences stop stands in a queue, why in one sentence; released by one tap, or refunded with a reason."""

import secrets
from typing import Any

from app.kit.ids import public
from app.orders.models import Order
from app.risk.queries import Mode
from tests import people
from tests.engines import on_one_engine
from tests.make import Shop
from tests.risk.hands import order, set_rule, word


def held(shop: Shop, *, count: int = 1) -> list[Order]:
    """Let buyers run into a fence, and pay."""
    set_rule(shop, "contact.orders", Mode.REVIEW, 1)
    shop.codes(2 * count)
    placed = []
    for _ in range(count):
        someone = f"{secrets.token_hex(6)}@example.com"
        order(shop, contact=someone)
        placed.append(order(shop, contact=someone))
        assert shop.pay(placed[-1])
    return placed


def queue(shop: Shop) -> str:
    return str(people.alice(shop).get(f"/office/{shop.slug}/reviews?lang=en").get_data(as_text=True))


def send(shop: Shop, what: str, *placed: Order, by: Any = None, **form: str) -> Any:
    names: dict[str, Any] = {"order": [public("ord", one.id) for one in placed]}
    page = f"/office/{shop.slug}/reviews"
    return (by or people.alice(shop)).post(f"{page}/{what}?lang=en", names | form, page=page)


def test_the_queue_says_who_what_and_why(shop: Shop) -> None:
    (placed,) = held(shop)

    text = queue(shop)

    assert placed.number[:4] in text
    assert placed.contact_mask in text
    assert "2 orders of one contact within an hour; 1 pass" in text
    assert "then the money goes back" in text


def test_one_tap_releases_it(shop: Shop) -> None:
    (placed,) = held(shop)

    answer = send(shop, "release", placed)

    assert answer.status_code == 303
    assert word(shop, placed) == "delivered"
    assert "Nobody waits for a decision" in queue(shop)


def test_several_are_refunded_with_one_reason(shop: Shop) -> None:
    placed = held(shop, count=2)

    assert send(shop, "refund", *placed).status_code == 422  # without a reason
    assert [word(shop, one) for one in placed] == ["in_review"] * 2
    assert send(shop, "refund", *placed, reason="stolen card").status_code == 303

    assert [word(shop, one) for one in placed] == ["refunded"] * 2


@on_one_engine
def test_what_somebody_else_decided_is_said(shop: Shop) -> None:
    (placed,) = held(shop)
    send(shop, "release", placed)

    assert send(shop, "release", placed).status_code == 409
    again = send(shop, "refund", placed, reason="too late")
    assert again.status_code == 409
    assert placed.number in again.get_data(as_text=True)


@on_one_engine
def test_nothing_chosen_is_said(shop: Shop) -> None:
    held(shop)
    assert "Choose at least one order" in send(shop, "release").get_data(as_text=True)


@on_one_engine
def test_another_shop_s_order_is_left_alone(shop: Shop, other: Shop) -> None:
    (placed,) = held(other)

    send(shop, "release", placed)

    assert word(other, placed) == "in_review"


@on_one_engine
def test_who_only_looks_decides_nothing(shop: Shop) -> None:
    (placed,) = held(shop)

    assert people.bob(shop).get(f"/office/{shop.slug}/reviews").status_code == 403
    assert word(shop, placed) == "in_review"


@on_one_engine
def test_the_page_of_the_order_tells_why_and_lets_decide(shop: Shop) -> None:
    (placed,) = held(shop)

    text = people.alice(shop).get(f"/office/{shop.slug}/orders/{public('ord', placed.id)}?lang=en")

    assert "2 orders of one contact within an hour; 1 pass" in text.get_data(as_text=True)
    assert "Release and deliver" in text.get_data(as_text=True)


@on_one_engine
def test_the_first_page_says_that_somebody_waits(shop: Shop) -> None:
    held(shop)
    assert "1 paid order waits for your decision" in people.alice(shop).get(f"/office/{shop.slug}/?lang=en").text


# Fences ----------------------------------------------------------------------------------------------------------


def fences(shop: Shop, **more: Any) -> str:
    return str(people.alice(shop).get(f"/office/{shop.slug}/fences?lang=en", **more).get_data(as_text=True))


def set_fences(shop: Shop, **form: str) -> Any:
    page = f"/office/{shop.slug}/fences"
    wanted = {name.replace("__", "."): value for name, value in form.items()}
    return people.alice(shop).post(f"{page}?lang=en", wanted, page=page)


def test_a_rule_is_set_and_its_history_stands_there(shop: Shop) -> None:
    set_to = {"contact__money__mode": "3", "contact__money__most": "250.50", "contact__money__minutes": "60"}
    assert set_fences(shop, **set_to).status_code == 303

    text = fences(shop)
    assert 'value="250.50"' in text
    assert "Fences changed" in text


@on_one_engine
def test_what_cannot_be_set_is_said_at_its_field(shop: Shop) -> None:
    wrong = {"device__orders__mode": "3", "device__orders__most": "none", "device__orders__minutes": "60"}
    answer = set_fences(shop, **wrong)

    assert answer.status_code == 422
    assert "f-device.orders.most-error" in answer.get_data(as_text=True)


@on_one_engine
def test_the_page_counts_what_was_caught(shop: Shop) -> None:
    shop.codes(3)
    set_rule(shop, "contact.orders", Mode.WATCH, 1)
    for _ in range(3):
        order(shop, contact="dora@example.com")

    assert '2 <span class="quiet">seen</span>' in fences(shop)


@on_one_engine
def test_a_shop_behind_a_proxy_that_is_not_trusted_is_told(shop: Shop) -> None:
    assert "TRUSTED_PROXIES" not in fences(shop)
    assert "TRUSTED_PROXIES" in fences(shop, headers={"X-Forwarded-For": "8.8.8.8"})


@on_one_engine
def test_how_undecided_reviews_end_is_set(shop: Shop) -> None:
    page = f"/office/{shop.slug}/fences"
    alice = people.alice(shop)
    assert alice.post(f"{page}/policy?lang=en", {"hours": "3", "releases": "1"}, page=page).status_code == 303
    assert alice.post(f"{page}/policy?lang=en", {"hours": "9999", "releases": "1"}, page=page).status_code == 422
    assert "delivered after 3 hours" in fences(shop)
