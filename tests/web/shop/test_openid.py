"""Paying inside WeChat: who pays is asked silently, kept sealed, and the page gets what it calls the app with."""

import json
import re
from collections.abc import Iterator
from html import unescape
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.kit import clock
from app.payments import providers
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Attempt, Method
from app.payments.providers.wechat import REAL, WeChat
from tests.make import GATEWAY, Browser, Shop
from tests.payments.gate import reachable
from tests.payments.market import rows
from tests.payments.wechat import account_of
from tests.simulators.wechat_office import Office, served
from tests.web.shop.test_cashier import ANDROID, WECHAT
from tests.web.shop.test_purchase import order_of

AGENT = {"headers": {"User-Agent": WECHAT}}
BUYER = "oSimulatedBuyer0000000000001"


@pytest.fixture
def office(shop: Shop) -> Iterator[Office]:
    with served(posts=False) as office, reachable(office.url):
        providers.configure({"test": GATEWAY, "wechat": WeChat(office.url)})
        connect(shop)
        shop.codes(3)
        try:
            yield office
        finally:
            providers.configure({"test": GATEWAY})


def connect(shop: Shop, **changes: str) -> None:
    """Let the shop be paid through WeChat Pay alone."""

    def only() -> Method:
        for method in paying.list_methods():
            method.enabled = False
        return payments.add_method(provider_name="wechat", account=account_of(**changes), now=clock.now())

    shop.method_id = shop.write(only).id


def press_pay(dora: Browser, order: str, agent: dict[str, Any] = AGENT) -> Any:
    page = dora.get(order, **agent).get_data(as_text=True)
    method, token = (re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("method", "csrf_token"))
    assert method, page
    assert token
    return dora.client.post(f"{order}/payments", data={"csrf_token": token[1], "method": method[1]}, **agent)


def authorise(url: str) -> str:
    """Go where WeChat names its user, and return the way back, as a path."""
    way = HTTPConnection(urlsplit(url).netloc, timeout=5)
    way.request("GET", urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl())
    back = str(way.getresponse().headers["Location"])
    way.close()
    return urlsplit(back)._replace(scheme="", netloc="").geturl()


def call_on(page: str) -> dict[str, str]:
    found = re.search(r'data-in-app="([^"]+)"', page)
    assert found, page
    call: dict[str, str] = json.loads(unescape(found[1]))
    return call


def test_dora_pays_inside_wechat(shop: Shop, office: Office) -> None:
    dora = shop.client()
    order = str(order_of(shop, dora).location)

    asked = press_pay(dora, order)
    assert asked.status_code == 303
    assert asked.location.startswith(f"{office.url}/connect/oauth2/authorize?")
    assert re.fullmatch(r"[0-9a-f]{32}", parse_qs(urlsplit(asked.location).query)["state"][0])
    back = dora.get(authorise(asked.location), **AGENT)

    assert (back.status_code, back.location) == (303, order)
    text = dora.get(order, **AGENT).get_data(as_text=True)
    assert "wechat.js" in text
    assert office.gateway.pay_in_app(call_on(text), BUYER)
    for letter in office.letters():
        path = urlsplit(letter.url).path
        assert dora.client.post(path, data=letter.body, headers=letter.headers).status_code == 200
    assert "data-in-app" not in dora.get(order, **AGENT).get_data(as_text=True)


def test_who_pays_is_asked_once_and_kept_sealed(shop: Shop, office: Office) -> None:
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    back = dora.get(authorise(press_pay(dora, order).location), **AGENT)
    set_cookies = " ".join(back.headers.getlist("Set-Cookie"))

    again = press_pay(dora, order)

    assert (again.status_code, again.location) == (303, order)
    assert "payer=" in set_cookies
    assert "HttpOnly" in set_cookies
    assert BUYER not in set_cookies
    assert all(not attempt.payer and not attempt.ip for attempt in shop.read(lambda: rows(Attempt)))


@pytest.mark.parametrize("state", ["", "0" * 32, "é"])
def test_somebody_elses_answer_starts_nothing(shop: Shop, office: Office, state: str) -> None:
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    press_pay(dora, order)

    answer = dora.get(f"{order}/wechat", query_string={"code": "x", "state": state}, **AGENT)

    assert (answer.status_code, answer.location) == (303, order)
    assert shop.read(lambda: rows(Attempt)) == []


def test_another_browser_cannot_come_back_for_dora(shop: Shop, office: Office) -> None:
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    way_back = authorise(press_pay(dora, order).location)

    stranger = shop.client().get(way_back, **AGENT)

    assert (stranger.status_code, stranger.location) == (303, order)
    assert shop.read(lambda: rows(Attempt)) == []


def test_a_code_that_names_nobody_is_told_and_pay_may_be_pressed_again(shop: Shop, office: Office) -> None:
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    way_back = authorise(press_pay(dora, order).location)
    office.gateway.codes.clear()

    dora.get(way_back, **AGENT)

    assert shop.read(lambda: rows(Attempt)) == []
    assert press_pay(dora, order).status_code == 303


def test_a_wechat_that_refuses_the_order_is_told_on_its_page(shop: Shop, office: Office) -> None:
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    way_back = authorise(press_pay(dora, order).location)
    office.ill("down", on="start")

    back = dora.get(way_back, **AGENT)

    assert (back.status_code, back.location) == (303, order)


def test_without_an_app_secret_the_page_says_how_to_pay_instead(shop: Shop, office: Office) -> None:
    connect(shop, jsapi="no", app_secret="")
    dora = shop.client()
    order = str(order_of(shop, dora).location)

    page = dora.get(order, headers={"User-Agent": WECHAT, "Accept-Language": "en"}).get_data(as_text=True)

    assert 'name="method"' not in page
    assert "Tap ··· at the top right of WeChat" in page
    assert "cannot be paid, even by pressing and holding it" in page


def test_a_phone_browser_tells_the_h5_page_which_shop_it_comes_from(shop: Shop, office: Office) -> None:
    dora, agent = shop.client(), {"headers": {"User-Agent": ANDROID}}
    order = str(order_of(shop, dora).location)

    assert dora.get(order, **agent).headers["Referrer-Policy"] == "strict-origin"  # else WeChat refuses the H5 page
    sent = press_pay(dora, order, agent)

    assert sent.location.startswith(f"{office.url}/h5/checkmweb?prepay_id=")
    assert sent.headers["Referrer-Policy"] == "strict-origin"
    assert office.url in dora.get(order, **agent).headers["Content-Security-Policy"]


def test_the_page_may_lead_to_wechat_and_nowhere_else() -> None:
    assert WeChat(REAL).origins(account_of()) == ("https://wx.tenpay.com", "https://open.weixin.qq.com")
