"""The office makes variants of every source, says how they are supplied, and keeps the worklist; the shop shows it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.catalog.models import Kind, Sku, Source
from app.inventory.models import SharedCode
from app.kit import clock, db
from app.kit.ids import public
from app.orders.models import Order
from app.web.shop.placing import token_of
from tests.inventory import goods, pool
from tests.inventory.goods import bundle, share, sku_of, variant
from tests.make import Browser, Shop


@pytest.fixture
def office(shop: Shop) -> Browser:
    browser = shop.client()
    browser.client.set_cookie("lang", "en")
    assert browser.sign_in(shop.owner).status_code == 303
    return browser


def supply_of(shop: Shop, sku: str) -> str:
    return f"/office/{shop.slug}/skus/{public('sku', shop.read(lambda: sku_of(sku)).id)}"


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def send(browser: Browser, path: str, page: str, **form: str) -> Any:
    return browser.post(path, form, page=page)


def new_product(shop: Shop, office: Browser, **form: str) -> Any:
    own = {"slug": "fresh", "sku": "FRESH-1", "price": "10.00", "name_en": "Fresh", "kind": "0", "live": "1"}
    at = f"/office/{shop.slug}/products"
    return send(office, at, f"{at}/new", **(own | form))


def test_a_variant_is_made_with_its_kind_and_source(shop: Shop, office: Browser) -> None:
    assert new_product(shop, office, source="2", pattern="GO-####-####-####-####-C").status_code == 303

    made = shop.read(lambda: sku_of("FRESH-1"))
    assert (made.source, made.pattern) == (Source.GENERATED, "GO-####-####-####-####-C")
    page = office.get(supply_of(shop, "FRESH-1") + "/supply")
    assert "Made on sale" in words(page)
    assert re.search(r"For example: GO-[0-9A-Z-]{21}", words(page))


def test_a_pattern_that_can_be_guessed_is_refused_in_words(shop: Shop, office: Browser) -> None:
    answer = new_product(shop, office, source="2", pattern="GO-####")

    assert answer.status_code == 422
    assert "can be guessed" in words(answer)


def test_the_page_of_a_stored_pattern_that_can_be_guessed_says_so_beside_its_field(shop: Shop, office: Browser) -> None:
    sku = variant(shop, Source.GENERATED)
    weak = update(Sku).where(Sku.merchant_id == shop.merchant_id, Sku.code == sku).values(pattern="GO-####")
    shop.write(lambda: db.changed(weak))
    page = supply_of(shop, sku) + "/supply"

    answer = office.get(page)
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    assert "with 4 random characters can be guessed" in html.partition('id="f-pattern-error"')[2].partition("</p>")[0]
    assert 'value="GO-####"' in html

    assert send(office, supply_of(shop, sku) + "/pattern", page, pattern=goods.PATTERN).status_code == 303
    assert "can be guessed" not in words(office.get(page))


def test_a_source_that_does_not_fit_is_refused(shop: Shop, office: Browser) -> None:
    assert new_product(shop, office, source="6").status_code == 422
    assert new_product(shop, office, source="2", kind="1", pattern=goods.PATTERN).status_code == 422


def test_a_shared_link_comes_in_and_is_frozen(shop: Shop, office: Browser) -> None:
    sku = variant(shop, Source.SHARED, kind=Kind.LINK)
    page = supply_of(shop, sku) + "/supply"

    wrong = send(office, supply_of(shop, sku) + "/shared", page, link="javascript:alert(1)", uses="0")
    assert wrong.status_code == 422
    assert "a link begins with https://" in words(wrong)
    assert "Give between 1 and 1,000,000 uses." in words(wrong)
    good = send(
        office, supply_of(shop, sku) + "/shared", page, link="https://the-link.example/x", uses="3", cost="1.50"
    )
    assert good.status_code == 303

    (code,) = shop.read(lambda: pool.rows(SharedCode))
    assert (code.uses_left, code.cost) == (3, 150)
    assert "3 / 3" in words(office.get(page))
    assert "the-link.example" not in office.get(page).get_data(as_text=True)
    freeze = f"/office/{shop.slug}/shared/{public('shc', code.id)}/freeze"
    assert send(office, freeze, page, frozen="1").status_code == 303
    assert "Unfreeze" in words(office.get(page))


def test_a_link_that_was_bought_is_there_to_open(shop: Shop) -> None:
    sku = variant(shop, Source.POOL, kind=Kind.LINK)
    shop.imports("https://get.example/a?b=1&c=2", sku=sku)
    buyer = shop.client()
    at = f"/s/{shop.slug}/p/{sku.lower()}"
    placed = send(buyer, f"/s/{shop.slug}/orders", at, sku=sku, quantity="1", contact="dora@example.com", idem="x1")
    order = shop.read(lambda: pool.rows(Order))[0]
    assert shop.pay(order)

    opened = send(buyer, placed.location + "/reveal", placed.location)

    assert 'href="https://get.example/a?b=1&amp;c=2"' in opened.get_data(as_text=True)


def test_contents_are_set_and_shown(shop: Shop, office: Browser) -> None:
    one, two = variant(shop, Source.GENERATED), variant(shop, Source.MANUAL)
    sku = variant(shop, Source.BUNDLE)
    page, url = supply_of(shop, sku) + "/supply", supply_of(shop, sku) + "/contents"

    wrong = send(office, url, page, component_0=one, quantity_0="0")
    assert (wrong.status_code, "at least one other variant" in words(wrong)) == (422, True)
    form = {"component_0": one, "quantity_0": "2", "share_0": "3", "component_2": two, "as_ready": "1"}
    assert send(office, url, page, **form).status_code == 303

    assert 'value="2"' in office.get(page).get_data(as_text=True)
    shown = words(shop.client().get(f"/s/{shop.slug}/p/{sku.lower()}?lang=en"))
    assert f"What is inside Card {one} × 2 Card {two} × 1" in shown


def test_the_order_page_groups_a_bundle_and_says_how_much_is_there(shop: Shop) -> None:
    made, hand = variant(shop, Source.GENERATED), variant(shop, Source.MANUAL)
    order = shop.place(sku=bundle(shop, (made, 2, 1), (hand, 1, 1)))
    assert shop.pay(order)

    shown = words(shop.client().get(f"/s/{shop.slug}/o/{token_of(order.id)}?lang=en"))

    assert "2/3 ready" in shown
    assert "somebody is preparing it" in shown


def test_a_release_is_set_and_told_to_buyers(shop: Shop, office: Browser) -> None:
    sku = variant(shop, Source.POOL)
    page, url = supply_of(shop, sku) + "/supply", supply_of(shop, sku) + "/release"

    assert send(office, url, page, release="2020-01-01").status_code == 422
    assert send(office, url, page, release=f"{clock.now() + timedelta(days=9):%Y-%m-%d}", cap="2").status_code == 303

    shown = words(shop.client().get(f"/s/{shop.slug}/p/{sku.lower()}?lang=en"))
    assert "You pay now; it is delivered automatically on" in shown
    assert "2 left" in shown
    order = shop.place(sku=sku)
    assert shop.pay(order)
    assert "Paid, not released yet" in words(shop.client().get(f"/s/{shop.slug}/o/{token_of(order.id)}?lang=en"))


# The worklist -------------------------------------------------------------------------------------------------------


def by_hand(shop: Shop) -> tuple[Order, str]:
    """Return a paid order that people deliver, and where it stands."""
    order = shop.place(sku=variant(shop, Source.MANUAL, kind=Kind.ACCOUNT))
    assert shop.pay(order)
    return order, f"/office/{shop.slug}/worklist/{public('ent', goods.owned(shop, order)[0].id)}"


def test_somebody_takes_it_on_and_delivers(shop: Shop, office: Browser) -> None:
    order, url = by_hand(shop)
    assert order.number[:4] in words(office.get(f"/office/{shop.slug}/worklist"))

    assert send(office, url + "/take", url).status_code == 303
    assert "you" in words(office.get(f"/office/{shop.slug}/worklist"))
    wrong = send(office, url + "/result", url, account="")
    assert wrong.status_code == 422
    done = send(office, url + "/result", url, account="anna@example.com", password="secret word")
    assert done.status_code == 303

    assert "Nothing to do" in words(office.get(f"/office/{shop.slug}/worklist"))
    assert office.get(url).status_code == 404
    assert "Delivered by hand" in words(office.get(f"/office/{shop.slug}/orders/{public('ord', order.id)}"))


def test_what_cannot_be_had_is_refunded_with_a_reason(shop: Shop, office: Browser) -> None:
    order, url = by_hand(shop)

    assert send(office, url + "/giving-up", url, reason="").status_code == 422
    assert send(office, url + "/giving-up", url, reason="sold out upstream").status_code == 303

    assert "Nothing to do" in words(office.get(f"/office/{shop.slug}/worklist"))
    assert shop.order(order).payment.name == "REFUNDED"


def test_a_shared_code_that_is_bought_shows_in_the_office_as_seen(shop: Shop, office: Browser) -> None:
    sku = variant(shop, Source.SHARED)
    share(shop, sku, 2)
    order = shop.place(sku=sku)
    assert shop.pay(order)

    assert "not seen yet" in words(office.get(f"/office/{shop.slug}/orders/{public('ord', order.id)}"))
