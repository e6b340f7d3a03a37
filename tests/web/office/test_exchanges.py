"""Exchanges in the office: a rule is made, switched off and on, and what buyers did stands in a list."""

import re
from typing import Any

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.exchanges import queries
from app.exchanges.models import Scope
from app.kit.ids import public
from tests.exchanges.trading import exchange_one
from tests.make import Browser, Shop, make_product


def office(shop: Shop) -> tuple[Browser, str]:
    alice = shop.client()
    alice.sign_in(shop.owner)
    alice.get(f"/office/{shop.slug}/exchanges?lang=en")
    return alice, f"/office/{shop.slug}/exchanges"


def make(shop: Shop, alice: Browser, page: str, **form: str) -> Any:
    old = shop.read(lambda: catalog.get_sku(shop.sku))
    sku = make_product(shop, kind=Kind.CODE)
    new = shop.read(lambda: catalog.get_sku(sku))
    known = {"old": public("prd", old.product_id), "new": public("sku", new.id), "days": "7", "fee": "1.50"}
    return alice.post(f"{page}/rules", known | form, page=page)


def test_a_rule_is_made_and_switched(shop: Shop) -> None:
    alice, page = office(shop)

    assert make(shop, alice, page, gives_back="1").status_code == 303

    (rule,) = shop.read(queries.list_rules)
    assert (rule.from_scope, rule.to_scope, rule.days, rule.fee) == (Scope.PRODUCT, Scope.SKU, 7, 150)
    assert rule.gives_back
    shown = alice.get(page).get_data(as_text=True)
    assert "CN¥1.50" in shown
    switch = re.search(rf"{page}/rules/exr_\w+", shown)
    assert switch
    alice.post(switch[0], {"enabled": "0"}, page=page)
    assert not shop.read(queries.list_rules)[0].enabled
    alice.post(switch[0], {"enabled": "1"}, page=page)
    assert shop.read(queries.list_rules)[0].enabled


def test_what_is_wrong_with_a_rule_is_said_at_its_field(shop: Shop) -> None:
    alice, page = office(shop)

    answer = make(shop, alice, page, old="prd_none", days="0", fee="-1")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for words in ("Choose from the list.", "Give a number of days from 1 to 365."):
        assert words in text
    assert not shop.read(queries.list_rules)


def test_an_exchange_stands_in_the_list_and_in_both_timelines(shop: Shop) -> None:
    new = exchange_one(shop)
    alice, page = office(shop)

    assert public("ord", new.id) in alice.get(page).get_data(as_text=True)
    (made,) = shop.read(lambda: queries.list_of_order(new.id))
    orders = f"/office/{shop.slug}/orders"
    old = alice.get(f"{orders}/{public('ord', made.order_id)}").get_data(as_text=True)
    assert "The buyer exchanges a piece" in old
    assert new.number in old
    assert "Exchanged</span>" in alice.get(orders).get_data(as_text=True)
    assert "Paid by an exchanged piece" in alice.get(f"{orders}/{public('ord', new.id)}").get_data(as_text=True)
