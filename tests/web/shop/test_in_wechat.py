"""A buyer whom WeChat has named may have themselves told there: by their own tap, and by the same account only."""

from collections.abc import Iterator

import pytest

from app.delivery.service.reaching import address_at, ways_of
from app.kit import clock
from app.messages import connecting
from app.messages.providers import Channel
from app.orders import queries as orders
from app.web.shop.placing import read_token
from tests.make import Browser, Shop
from tests.messages.chats import Chats, running
from tests.payments.wechat import account_of
from tests.simulators.wechat_office import Office
from tests.web.shop.test_openid import AGENT, BUYER, authorise, press_pay
from tests.web.shop.test_openid import office as office
from tests.web.shop.test_purchase import order_of

OFFER = "/wechat-messages"


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


def carry_by(shop: Shop, chats: Chats, appid: str) -> None:
    account = chats.account("wechat_template", appid=appid)
    shop.write(lambda: connecting.add_carrier(provider_name="wechat_template", account=account, now=clock.now()))


def named(shop: Shop, dora: Browser) -> str:
    """Let somebody order, press pay, and be named by WeChat; returns the order's page."""
    order = str(order_of(shop, dora).location)
    dora.get(authorise(press_pay(dora, order).location), **AGENT)
    return order


def told_by(shop: Shop, order: str) -> dict[Channel, str]:
    index = shop.read(lambda: orders.get(read_token(order.rpartition("/")[2])).contact_index)
    return shop.read(lambda: {way: address_at(row).expose() for way, row in ways_of(index).items()})


def test_a_tap_lets_a_buyer_be_told_in_wechat(shop: Shop, chats: Chats, office: Office) -> None:
    carry_by(shop, chats, account_of().setting("appid"))
    dora = shop.client()
    order = named(shop, dora)
    assert told_by(shop, order) == {}, "nobody is told without having asked for it"
    text = dora.get(order, **AGENT).get_data(as_text=True)
    assert OFFER in text

    assert dora.post(f"{order}{OFFER}", {}, page=order).status_code == 303

    assert told_by(shop, order) == {Channel.WECHAT: BUYER}
    text = dora.get(order, **AGENT).get_data(as_text=True)
    assert OFFER not in text
    assert BUYER not in text


@pytest.mark.parametrize("appid", ["", "wx0000000000000000"])
def test_it_is_not_offered_without_the_account_that_named_the_buyer(
    shop: Shop, chats: Chats, office: Office, appid: str
) -> None:
    if appid:
        carry_by(shop, chats, appid)
    dora = shop.client()
    order = named(shop, dora)

    assert OFFER not in dora.get(order, **AGENT).get_data(as_text=True)
    assert dora.post(f"{order}{OFFER}", {}, page=order).status_code == 404
    assert told_by(shop, order) == {}


def test_nobody_else_is_told_of_an_order(shop: Shop, chats: Chats, office: Office) -> None:
    carry_by(shop, chats, account_of().setting("appid"))
    order, mallory = named(shop, shop.client()), shop.client()
    named(shop, mallory)

    assert OFFER not in mallory.get(order, **AGENT).get_data(as_text=True)
    assert mallory.post(f"{order}{OFFER}", {}, page=order).status_code == 404
    assert told_by(shop, order) == {}
