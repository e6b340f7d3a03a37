"""The address a buyer is sent to is one that the gateway itself believes, and what it answers pays the order."""

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from app.kit import clock
from app.kit.effects import Done
from app.kit.events import SYSTEM
from app.kit.http import Client
from app.kit.ids import base32, new_id
from app.kit.money import Money
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders.errors import NotPayable
from app.orders.models import Order, Payment
from app.payments import service as payments
from app.payments.errors import NoSuchMethod
from app.payments.providers import Account, Start
from simulators.test_gateway import signing, wire
from simulators.test_gateway.gateway import Gateway
from simulators.test_gateway.notices import NoticeSender, compose
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.trades import Trades
from tests.make import GATEWAY, Shop
from tests.payments.gate import SUCCESS, hook, post

SECRET = "the secret of the test gateway"


@pytest.fixture
def order(shop: Shop) -> Order:
    shop.codes(3)
    return shop.place()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """The other side, as it was written from the protocol, sending nothing by itself."""
    trades = Trades(":memory:")
    yield Gateway(SECRET, trades, NoticeSender(trades.record_try), patience=0)
    trades.close()


def address(shop: Shop, order: Order) -> str:
    """Start the payment of an order and return where its buyer is sent."""
    return shop.start(order, subject="星币 500 & more 50%")


def read(url: str, *, now: float | None = None) -> wire.Start:
    """Let the simulator check and read an address."""
    query = urlsplit(url).query.encode()
    return wire.read_start(query, secret=SECRET, now=now or time.time(), allowed_hosts=frozenset())


def test_the_gateway_believes_the_address_and_reads_what_is_due(shop: Shop, order: Order) -> None:
    url = address(shop, order)

    start = read(url)

    tender = shop.read(lambda: orders.list_tenders_of(order.id))[0]
    assert url.startswith(f"{GATEWAY.origin}/pay?")
    assert (start.merchant_no, start.out_trade_no) == (shop.slug, base32(tender.id))
    assert (start.amount, start.currency, start.subject) == (1999, "CNY", "星币 500 & more 50%")
    assert start.notify_url.endswith(hook(shop))
    assert start.return_url == "http://127.0.0.1:1/o/x?from=pay&n=1"
    assert len(start.out_trade_no) <= 30


def test_nothing_in_the_address_can_be_changed(shop: Shop, order: Order) -> None:
    url = address(shop, order)
    base, _, query = url.partition("?")
    fields = dict(parse_qsl(query))

    for name, value in fields.items():
        changed = "&".join(f"{k}={v}x" if k == name else f"{k}={v}" for k, v in fields.items() if value)
        with pytest.raises(Refused):
            read(f"{base}?{changed}")
    with pytest.raises(Refused, match="stale_timestamp"):
        read(url, now=time.time() + 3600)


def test_the_address_carries_no_key(shop: Shop, order: Order) -> None:
    url = address(shop, order)

    assert signing.merchant_key(SECRET, shop.slug) not in url
    assert SECRET not in url
    assert GATEWAY.credentials_of(shop.slug).expose() == signing.merchant_key(SECRET, shop.slug)


def test_asking_twice_leads_to_one_trade(shop: Shop, order: Order, gateway: Gateway) -> None:
    trades = {gateway.open(urlsplit(address(shop, order)).query.encode()).trade_no for _ in range(2)}

    assert len(trades) == 1


def test_what_the_gateway_says_when_it_was_paid_pays_the_order(shop: Shop, order: Order, gateway: Gateway) -> None:
    trade = gateway.open(urlsplit(address(shop, order)).query.encode())
    paid = gateway.pay(trade.trade_no, gateway.token(trade))
    notice = compose(paid, signing.merchant_key(SECRET, shop.slug))
    stamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Test-Gateway-Timestamp": str(stamp),
        "Test-Gateway-Signature": signing.sign_body(notice.key, stamp, notice.body),
    }

    assert post(shop, notice.body, headers) == SUCCESS

    assert shop.order(order).payment is Payment.PAID
    assert urlsplit(notice.url).path == hook(shop)


@pytest.mark.parametrize("subject", ["卡" * 500, "", "   ", "two\nlines", "\u2028"])
def test_whatever_a_shop_is_called_the_gateway_takes_it(subject: str) -> None:
    start = Start("0" * 26, Money(1999, "CNY"), subject, "http://127.0.0.1:1/h", "http://127.0.0.1:1/o", clock.now())
    key = Secret(signing.merchant_key(SECRET, "shop"))

    with Client() as nobody:
        answer = GATEWAY.start(start, Account("shop", keys={"key": key}), nobody)

    assert isinstance(answer, Done)
    assert read(answer.value.page).amount == 1999


def test_a_way_to_pay_of_another_shop_is_not_offered_here(shop: Shop, other: Shop, order: Order) -> None:
    pages = payments.Pages("http://127.0.0.1:1/hooks/", "http://127.0.0.1:1/o/x")

    def start(method: UUID | None) -> None:
        payments.start(orders.get(order.id), method, pages, subject="Card", now=clock.now(), by=SYSTEM)

    for method in (other.method_id, new_id(), None):
        with pytest.raises(NoSuchMethod):
            shop.write(partial(start, method))


def test_an_order_that_was_paid_starts_no_second_payment(shop: Shop, order: Order) -> None:
    assert shop.pay(order)

    with pytest.raises(NotPayable):
        address(shop, order)


def test_an_order_whose_stock_went_to_somebody_else_starts_no_payment(shop: Shop) -> None:
    shop.codes(1)
    late = shop.place(at=clock.now() - timedelta(hours=1))
    shop.place()

    with pytest.raises(NotPayable):
        address(shop, late)
