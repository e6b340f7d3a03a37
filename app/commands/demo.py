"""`demo load`: a small shop to try everything in; idempotent."""

import random
from typing import Any

import click
from flask import current_app

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.queries import Kind, ProductStatus
from app.commands.answer import answers
from app.commands.demo_goods import GOODS, Good
from app.commands.shops import open_shop
from app.inventory import service as importing
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.money import Money
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.providers.test_gateway import TestGateway

SLUG = "demo"
OWNER = "owner@demo.example"
PASSWORD = "miaofa-demo-owner"
ACCOUNT = "demo"
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@click.group()
def demo() -> None:
    """The demo shop."""


@demo.command()
@answers
def load() -> Any:
    """Load the demo shop: products, codes, a test payment method, logins."""
    merchant_id = _shop()
    db.write(merchant_id, _pay)
    known = db.read(merchant_id, lambda: {sku.code for sku in catalog.list_skus()})
    for good in GOODS:
        if good.sku not in known:
            _stock(merchant_id, good)
    logins = [{"role": "owner", "email": OWNER, "password": PASSWORD, "office": f"/office/{SLUG}/"}]
    return {"shop": SLUG, "products": len(GOODS), "codes": sum(good.codes for good in GOODS), "logins": logins}


def _shop() -> int:
    address = db.read(System("demo"), lambda: merchants.find_address("slug", SLUG))
    if address is None:
        open_shop(slug=SLUG, owner=OWNER, domain="", name="秒发演示店", currency="CNY", sandbox=True, password=PASSWORD)
        address = db.read(System("demo"), lambda: merchants.find_address("slug", SLUG))
    assert address is not None
    return address.merchant_id


def _pay() -> None:
    if paying.list_methods():
        return
    settings = current_app.config["MIAOFA"]
    gateway = TestGateway(settings.test_gateway_url, settings.test_gateway_secret)
    payments.add_method(
        provider_name=gateway.name, account=ACCOUNT, credentials=gateway.credentials_of(ACCOUNT), now=clock.now()
    )


def _stock(merchant_id: int, good: Good) -> None:
    now = clock.now()
    db.write(
        merchant_id,
        lambda: shelving.create_product(
            slug=good.slug,
            texts={"zh": shelving.Texts(*good.zh), "en": shelving.Texts(*good.en)},
            skus=(shelving.SkuDraft(good.sku, good.kind, Money(good.price, "CNY"), {}),),
            status=ProductStatus.LIVE,
            now=now,
            by=SYSTEM,
        ),
    )
    order = importing.ImportOrder(
        sku_code=good.sku,
        name=f"{good.slug}-01",
        file_name=f"{good.slug}.csv",
        supplier="演示供应商",
        cost=Money(good.cost, "CNY"),
        expires_on=None,
        by=SYSTEM,
    )
    importing.import_codes(merchant_id, order, [_file(good)], now=now, today=now.date())


def _file(good: Good) -> bytes:
    """Return a file of made-up codes; the same each time, so that loading twice changes nothing."""
    draw = random.Random(good.slug)

    def word(length: int) -> str:
        return "".join(draw.choices(LETTERS, k=length))

    rows = {
        Kind.CODE: lambda: "-".join(word(4) for _ in range(4)),
        Kind.CARD: lambda: f"{draw.randrange(10**15, 10**16)},{draw.randrange(10**7, 10**8)}",
        Kind.ACCOUNT: lambda: f"{word(10).lower()}@demo.example,{word(12)}",
    }
    header = ",".join(good.kind.fields)
    return "\n".join([header, *(rows[good.kind]() for _ in range(good.codes))]).encode()
