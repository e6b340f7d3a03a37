"""The order password: what was written down at the cashier opens the codes on another device, and guessing does not."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock, events
from tests.make import Browser, Shop
from tests.web.shop.test_purchase import happened, latest, order_of, shown_codes


class Bought:
    """An order that Dora paid, and the password she wrote down at the cashier."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.dora = shop, shop.client()
        shop.codes(1)
        self.address = str(order_of(shop, self.dora).location)
        cashier = self.dora.get(self.address).get_data(as_text=True)
        found = re.search(r'id="order-password"[^>]*>([0-9A-Z-]{14})<', cashier)
        assert found is not None
        self.password = found[1]
        shop.pay(latest(shop))

    def shown_to(self, browser: Browser, typed: str) -> Any:
        """Return the answer to a browser in which this password is typed."""
        return browser.post(f"{self.address}/reveal", {"password": typed}, page=self.address)


@pytest.fixture
def bought(shop: Shop) -> Bought:
    return Bought(shop)


def codes_in(answer: Any) -> list[str]:
    return shown_codes(answer.get_data(as_text=True))


def test_the_password_opens_the_codes_on_another_device(bought: Bought) -> None:
    answer = bought.shown_to(bought.shop.client(), bought.password)

    assert len(codes_in(answer)) == 1
    assert answer.headers["Cache-Control"] == "no-store"
    (look,) = [row for row in timeline(bought.shop) if row.name == "code.revealed"]
    assert (look.actor_type, look.data["proof"]) == ("device", "password")


@pytest.mark.parametrize("typed", [str.lower, lambda text: text.replace("-", " "), lambda text: f" {text} "])
def test_it_may_be_typed_as_people_type(bought: Bought, typed: Any) -> None:
    assert len(codes_in(bought.shown_to(bought.shop.client(), typed(bought.password)))) == 1


def test_it_is_shown_no_more_once_the_order_is_paid(bought: Bought) -> None:
    assert bought.password not in bought.dora.get(bought.address).get_data(as_text=True)


def test_a_wrong_one_is_told_with_the_tries_left_and_opens_nothing(bought: Bought) -> None:
    stranger = bought.shop.client()

    first = bought.shown_to(stranger, "AAAA-AAAA-AAAA")
    second = bought.shown_to(stranger, "BBBB-BBBB-BBBB")

    assert [answer.status_code for answer in (first, second)] == [422, 422]
    assert [re.findall(r"还能再试 (\d) 次", answer.get_data(as_text=True))[0] for answer in (first, second)] == [
        "7",
        "6",
    ]
    assert codes_in(first) == codes_in(second) == []
    assert "code.revealed" not in happened(bought.shop)


def test_after_too_many_wrong_ones_not_even_the_right_one_opens_for_a_while(bought: Bought) -> None:
    stranger = bought.shop.client()
    tries = [bought.shown_to(stranger, "AAAA-AAAA-AAAA").status_code for _ in range(8)]
    assert tries == [422] * 7 + [429]

    right = bought.shown_to(stranger, bought.password)

    assert (right.status_code, codes_in(right)) == (429, [])
    with clock.running(lambda: clock._system() + timedelta(minutes=31)):
        assert len(codes_in(bought.shown_to(stranger, bought.password))) == 1


def test_the_browser_that_paid_is_not_locked_out_by_others(bought: Bought) -> None:
    for _ in range(9):
        bought.shown_to(bought.shop.client(), "AAAA-AAAA-AAAA")

    assert len(codes_in(bought.shown_to(bought.dora, ""))) == 1


def test_the_password_of_another_order_opens_nothing(bought: Bought) -> None:
    other = Bought(bought.shop)

    assert codes_in(bought.shown_to(bought.shop.client(), other.password)) == []


def test_nothing_typed_is_no_try(bought: Bought) -> None:
    stranger = bought.shop.client()

    assert [bought.shown_to(stranger, "  ").status_code for _ in range(10)] == [422] * 10

    assert len(codes_in(bought.shown_to(stranger, bought.password))) == 1


def timeline(shop: Shop) -> Any:
    order_id = latest(shop).id
    return shop.read(lambda: events.timeline(order_id=order_id))
