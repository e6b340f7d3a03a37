"""`demo load`: a shop that has been open for a month, to try everything in; idempotent."""

from typing import Any

import click

from app.commands.answer import answers
from app.commands.demo import (
    carriers,
    chats,
    company,
    exchanging,
    gateways,
    giving,
    members,
    novelties,
    opening,
    shelf,
    stock,
    story,
    told,
    wallets,
    words,
)
from app.commands.demo.opening import OWNER as OWNER
from app.commands.demo.opening import PASSWORD as PASSWORD
from app.commands.demo.opening import SLUG
from app.commands.demo.plan import Plan
from app.kit import clock


@click.group()
def demo() -> None:
    """The demo shop."""


@demo.command()
@answers
def load() -> Any:
    """Load the demo shop: products with pictures, codes, a month of orders, a company, a way to pay, logins."""
    now = clock.now()
    merchant_id = opening.open_demo(now)
    departments = shelf.read()
    goods = [good for department in departments for good in department.goods]
    plan = Plan(goods, now)
    shelf.fill(merchant_id, departments, now=now)
    stock.fill(merchant_id, goods, plan, now=now)
    company.found(merchant_id, now=now)
    members.join(merchant_id, now=now)
    story.tell(merchant_id, plan, now=now)
    novelties.show(merchant_id, now=now)
    told.show(merchant_id, now=now)  # before some goods open later
    wallets.fill(merchant_id, now=now)
    words.write(merchant_id, now=now)
    giving.give(merchant_id, now=now)
    exchanging.allow(merchant_id, now=now)
    owner = {"role": "owner", "email": OWNER, "password": PASSWORD, "office": f"/office/{SLUG}/"}
    logins = [owner, company.login()]
    return {"shop": SLUG, "products": len(goods), "codes": stock.count(merchant_id), "logins": logins}


@demo.command()
@answers
def connect() -> Any:
    """Connect the demo shop to the simulators that run beside it, so that its cashier and its messages use them."""
    merchant_id = opening.open_demo(clock.now())
    carried = [*carriers.connect(merchant_id), *chats.connect(merchant_id)]
    return {"shop": SLUG, "gateways": gateways.connect(merchant_id), "carriers": carried}
