"""At the shop's own door: where a buyer comes from, what they are told, and what stays closed meanwhile."""

from typing import Any

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder

from app.accounts.rules import network, public_network
from app.entitlements import queries as entitled
from app.orders import queries as orders
from app.risk.queries import Mode
from tests.make import Browser, Shop
from tests.risk.hands import pay_from, set_rule, word
from tests.web.shop.test_lookup import look_up
from tests.web.shop.test_purchase import latest, order_of, shown_codes

on_one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("8.8.8.8", "8.8.8.0/24"),
        ("8.8.8.8:52113", "8.8.8.0/24"),
        ("::ffff:8.8.8.8", "8.8.8.0/24"),
        ("2400:cb00:1:2:3:4:5:6", "2400:cb00:1:2::/64"),
        ("[2400:cb00:1:2::6]:443", "2400:cb00:1:2::/64"),
        ("2400:cb00::6", "2400:cb00::/64"),
        ("2400:cb00::7:8", "2400:cb00::/64"),  # another spelling of the same network
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
        ("fe80::1%eth0", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_the_network_of_an_address(address: str, found: str) -> None:
    assert public_network(address) == found
    assert network(address)  # which is kept of a look; it is never empty


def buy_from(shop: Shop, dora: Browser, address: str, forged: str = "", **form: str) -> Any:
    """Order from an address, saying in a header that it is another."""
    headers = {"X-Forwarded-For": forged} if forged else {}
    vars(dora.client)["environ_base"]["REMOTE_ADDR"] = address
    return order_of(shop, dora, headers, **form)


def test_a_forged_header_opens_no_fence(shop: Shop) -> None:
    """Nobody in front of us is trusted, so the address of the connection counts."""
    set_rule(shop, "network.orders", Mode.REFUSE, 1)
    shop.codes(3)

    assert buy_from(shop, shop.client(), "8.8.8.8", contact="a@example.com").status_code == 303
    refused = buy_from(shop, shop.client(), "8.8.8.9", "1.1.1.1", contact="b@example.com")

    assert refused.status_code == 429
    assert not any(hint in refused.get_data(as_text=True) for hint in ("network.orders", "8.8.8", "network"))
    assert buy_from(shop, shop.client(), "8.8.4.4", contact="c@example.com").status_code == 303


def test_a_network_of_ipv6_is_one_however_its_addresses_are_spelled(shop: Shop) -> None:
    set_rule(shop, "network.orders", Mode.REFUSE, 1)
    shop.codes(3)

    assert buy_from(shop, shop.client(), "2400:cb00::1", contact="a@example.com").status_code == 303
    assert buy_from(shop, shop.client(), "2400:cb00:0:0:9:8:7:6", contact="b@example.com").status_code == 429
    assert buy_from(shop, shop.client(), "2400:cb00:0:1::1", contact="c@example.com").status_code == 303


@pytest.mark.parametrize(
    ("hops", "header", "believed"),
    [
        (1, "8.8.4.4", "8.8.4.4"),
        (1, "1.1.1.1, 8.8.4.4", "8.8.4.4"),  # the visitor wrote the first one
        (2, "1.1.1.1, 8.8.4.4, 9.9.9.1", "8.8.4.4"),
        (2, "8.8.4.4", "9.9.9.9"),  # somebody came past the first proxy: the connection counts
        (1, "1.1.1.1, 2400:cb00::5", "2400:cb00::5"),
    ],
)
def test_behind_trusted_proxies_what_they_say_counts(hops: int, header: str, believed: str) -> None:
    told: dict[str, str] = {}

    def inner(environ: dict[str, Any], _start: Any) -> list[bytes]:
        told["address"] = environ["REMOTE_ADDR"]
        return []

    environ: dict[str, Any] = EnvironBuilder().get_environ()
    environ |= {"HTTP_X_FORWARDED_FOR": header, "REMOTE_ADDR": "9.9.9.9"}
    ProxyFix(inner, x_for=hops)(environ, lambda *_: None)  # type: ignore[arg-type]

    assert told["address"] == believed


def test_cookies_cleared_or_forged_each_time_open_no_fence(shop: Shop) -> None:
    set_rule(shop, "network.unpaid", Mode.REFUSE, 2)
    shop.codes(5)
    answers = []
    for number in range(4):
        dora = shop.client()
        dora.client.set_cookie("device", f"forged-{number}")
        answers.append(buy_from(shop, dora, f"8.8.8.{number}", contact=f"d{number}@example.com").status_code)

    assert answers == [303, 303, 429, 429]


def test_who_cleared_the_cookies_still_reaches_the_order_in_review_and_no_code(shop: Shop) -> None:
    set_rule(shop, "payer.orders", Mode.REVIEW, 1)
    shop.codes(2)
    dora = shop.client()
    order_of(shop, dora)
    assert pay_from(shop, latest(shop), "dora's account")
    placed = order_of(shop, dora, contact="dora@example.com")
    page, mine = placed.location, latest(shop)
    password = shop.read(lambda: orders.password_of(mine).expose())
    assert pay_from(shop, mine, "dora's account")
    assert word(shop, mine) == "in_review"

    fresh = shop.client()
    door = look_up(fresh, mine.number, password).location

    for browser, url in ((dora, page), (fresh, page), (fresh, door)):
        text = browser.get(f"{url}?lang=en").get_data(as_text=True)
        assert "looking at this order" in text
        assert shown_codes(text) == []
    assert dora.post(f"{page}/reveal", {}, page=page).status_code == 409
    assert fresh.post(f"{door}/reveal", {"password": password}, page=door).status_code in (403, 404, 409)
    assert shop.read(lambda: entitled.list_of_order(mine.id)) == []
