"""The cashier offers what can work where its page is open, and shows what the buyer is to do."""

from collections.abc import Iterator

import pytest

from app.kit import clock, db
from app.kit.effects import Answer, Done
from app.kit.events import SYSTEM
from app.kit.http import Client
from app.kit.money import Money
from app.orders import queries as orders
from app.payments import providers
from app.payments import service as payments
from app.payments.models import FeePayer, Method
from app.payments.providers import Account, Opened, Scene, Start, Way
from app.payments.providers.test_gateway import TestGateway
from app.web.agents import place_of
from tests.make import GATEWAY, Shop
from tests.web.shop.test_purchase import order_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
WECHAT = f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.49"
ALIPAY = f"{IPHONE} Mobile/15E148 AlipayClient/10.5.96"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


class Scanned(TestGateway):
    """A gateway whose payments are scanned, and which does not work inside WeChat."""

    __test__ = False
    title = "Scan & Go"

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        return None if scene is Scene.WECHAT else Way.SCAN

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        return Done(Opened(Way.SCAN, "weixin://wxpay/bizpayurl?pr=abc"))


@pytest.fixture
def scanned() -> Iterator[None]:
    providers.configure({"test": Scanned(GATEWAY.origin, "the secret of the test gateway")})
    yield
    providers.configure({"test": GATEWAY})


def page(shop: Shop, path: str, agent: str = DESKTOP) -> str:
    text: str = shop.client().get(path, headers={"User-Agent": agent}).get_data(as_text=True)
    return text


def limits(shop: Shop, *, least: int | None = None, most: int | None = None) -> None:
    def change() -> None:
        method = db.get(Method, shop.method_id)
        method.least, method.most = least, most

    shop.write(change)


@pytest.mark.parametrize(
    ("agent", "place"),
    [
        (DESKTOP, "desktop"),
        (IPHONE + " Mobile/15E148 Safari/604.1", "mobile"),
        (ANDROID, "mobile"),
        (WECHAT, "WeChat"),
        (ALIPAY, "Alipay"),
        ("", "desktop"),
    ],
)
def test_where_a_page_is_open_is_known(agent: str, place: str) -> None:
    assert place_of(agent) == place


def test_what_cannot_work_in_this_browser_is_not_offered_and_the_page_says_where_it_does(
    shop: Shop, scanned: None
) -> None:
    shop.codes(1)
    order = str(order_of(shop, shop.client()).location)

    assert "Scan &amp; Go" in page(shop, order)
    inside = page(shop, order, WECHAT)
    assert 'name="method"' not in inside
    assert "在手机自带的浏览器或电脑上打开本页" in inside


def test_a_way_to_pay_that_is_not_offered_here_cannot_be_forced(shop: Shop, scanned: None) -> None:
    shop.codes(1)
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    method = page(shop, order).split('name="method" value="')[1].split('"')[0]

    answer = dora.post(f"{order}/payments", {"method": method}, page=order, headers={"User-Agent": WECHAT})

    assert answer.status_code == 422
    assert "本店没有这种付款方式" in answer.get_data(as_text=True)


def test_a_code_to_scan_is_shown_on_the_page_of_the_order(shop: Shop, scanned: None) -> None:
    shop.codes(1)
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    method = page(shop, order).split('name="method" value="')[1].split('"')[0]

    answer = dora.post(f"{order}/payments", {"method": method}, page=order)

    assert (answer.status_code, answer.location) == (303, order)
    assert f'src="{order}/qr.png"' in dora.get(order).get_data(as_text=True)
    drawn = dora.get(f"{order}/qr.png")
    assert (drawn.status_code, drawn.mimetype) == (200, "image/png")
    assert drawn.data.startswith(b"\x89PNG")


@pytest.mark.parametrize(("least", "most", "there"), [(None, None, True), (2000, None, False), (1999, 1999, True)])
def test_a_method_is_offered_within_its_limits(shop: Shop, least: int | None, most: int | None, there: bool) -> None:
    shop.codes(1)
    order = str(order_of(shop, shop.client()).location)

    limits(shop, least=least, most=most)

    assert ('name="method"' in page(shop, order)) is there


def charge(shop: Shop, *, payer: FeePayer) -> None:
    terms = payments.Terms(fee_rate=60, fee_payer=payer)
    shop.write(lambda: payments.change_terms(shop.method_id, terms, now=clock.now(), by=SYSTEM))


def test_the_fee_that_the_buyer_bears_is_said_before_paying_and_afterwards(shop: Shop) -> None:
    charge(shop, payer=FeePayer.BUYER)
    shop.codes(1)
    dora = shop.client()
    order = str(order_of(shop, dora).location)
    before = page(shop, order)
    assert "¥0.12" in before
    assert before.count("¥20.11") >= 3  # what is to be paid, by this way, and on the button

    method = before.split('name="method" value="')[1].split('"')[0]
    sent = dora.post(f"{order}/payments", {"method": method}, page=order)
    assert "amount=2011" in sent.location
    assert "¥20.11" in dora.get(order).get_data(as_text=True)

    (found,) = shop.read(lambda: orders.latest(1))
    assert shop.pay(found, amount=2011)
    after = dora.get(order).get_data(as_text=True)
    assert "¥0.12" in after
    assert "¥20.11" in after


def test_what_the_shop_bears_is_not_shown_to_buyers(shop: Shop) -> None:
    charge(shop, payer=FeePayer.SHOP)
    shop.codes(1)
    shown = page(shop, str(order_of(shop, shop.client()).location))

    assert "¥19.99" in shown
    assert "¥0.12" not in shown
