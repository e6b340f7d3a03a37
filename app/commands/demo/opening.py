"""The demo's shop itself: opened once, with a way to pay and its words."""

from datetime import datetime, timedelta

from flask import current_app

from app.commands.shops import open_shop
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.merchants import service as looks
from app.merchants.queries import ShopWords
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.providers.test_gateway import TestGateway

SLUG = "demo"
OWNER = "owner@demo.example"
PASSWORD = "miaofa-demo-owner"
ACCOUNT = "demo"
AGE = timedelta(days=60)
WORDS = {
    "zh": ShopWords(
        tagline="会员、点卡、软件、生活券，付款一秒到手",
        notice="这是演示店：商品和品牌都是虚构的，付款不花一分钱，随便试。",
        contact="在线客服 help@demo.example，通常 10 分钟内回复",
        hours="每天 9:00–23:00，下单和取码全天自动",
        promise="没看过卡密，随时可以退款；看过却用不了，24 小时内核实补发。",
        closed="盘点库存，暂停下单，已付款的订单照常取码。",
    ),
    "en": ShopWords(
        tagline="Memberships, points, software and vouchers in a second",
        notice="This is a demo: goods and brands are made up and paying costs nothing. Try whatever you like.",
        contact="help@demo.example; we usually answer within 10 minutes",
        hours="Every day 9:00–23:00; orders and codes at any hour",
        promise="Not looked at yet? Refunded at any time. Looked at and it does not work? Replaced within 24 hours.",
        closed="We are counting our stock. Orders that are paid are delivered as always.",
    ),
}


def open_demo(now: datetime) -> int:
    """Return the merchant of the demo; its shop is opened when there is none, two months ago."""
    address = db.read(System("demo"), lambda: merchants.find_address("slug", SLUG))
    if address is None:
        with clock.running(lambda: now - AGE):
            open_shop(
                slug=SLUG, owner=OWNER, domain="", name="秒发演示店", currency="CNY", sandbox=True, password=PASSWORD
            )
        address = db.read(System("demo"), lambda: merchants.find_address("slug", SLUG))
        assert address is not None
        db.write(address.merchant_id, lambda: looks.change_texts(WORDS, now=now - AGE, by=SYSTEM))
    db.write(address.merchant_id, lambda: _offer_payment(now - AGE))
    return address.merchant_id


def gateway() -> TestGateway:
    """Return the test gateway as this installation knows it."""
    settings = current_app.config["MIAOFA"]
    return TestGateway(settings.test_gateway_url, settings.test_gateway_secret)


def _offer_payment(now: datetime) -> None:
    if not paying.list_methods():
        bank = gateway()
        payments.add_method(provider_name=bank.name, account=bank.account_of(ACCOUNT), now=now)
