"""The stock page of a SKU, the holds and the queue, the notes: what people see there and do."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.catalog import queries as catalog
from app.catalog.models import Source, Strategy
from app.inventory.queries import list_lanes, read_walks
from app.kit import clock
from app.kit.ids import public
from app.orders import queries as orders
from app.orders.models import Order
from app.refunds import queries as refunding
from tests import people
from tests.inventory import goods
from tests.make import Browser, Shop


@pytest.fixture
def alice(shop: Shop) -> Browser:
    return people.alice(shop)


def office(shop: Shop, path: str = "") -> str:
    return f"/office/{shop.slug}/{path}"


def stock_page(shop: Shop, path: str = "stock") -> str:
    return office(shop, f"skus/{public('sku', sku_of(shop))}/{path}")


def sku_of(shop: Shop) -> UUID:
    return shop.read(lambda: catalog.get_sku(shop.sku).id)


def seen(browser: Browser, path: str) -> str:
    answer = browser.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return plain(answer.get_data(as_text=True))


def plain(html: str) -> str:
    """Return the words of a page, without its marks."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def send(browser: Browser, shop: Shop, path: str, **form: str) -> int:
    return int(browser.post(stock_page(shop, path), form, page=stock_page(shop)).status_code)


def test_the_page_tells_how_much_there_is_and_how_long_it_lasts(shop: Shop, alice: Browser) -> None:
    shop.codes(9)
    assert shop.pay(shop.place(2))
    shop.place()

    text = seen(alice, stock_page(shop))

    assert "For sale 6" in text
    assert "On hold 1" in text
    assert "Sold in 14 days 2" in text
    assert "Days of stock 42" in text


def test_the_order_of_sale_is_chosen_and_its_work_is_seen(shop: Shop, alice: Browser) -> None:
    shop.codes(5)

    assert send(alice, shop, "strategy", strategy=str(Strategy.SOONEST.value)) == 303
    assert "0 of 5 codes are in the new order" in seen(alice, stock_page(shop))
    shop.drain()
    assert "codes are in the new order" not in seen(alice, stock_page(shop))

    assert shop.read(lambda: catalog.get_sku(shop.sku).strategy) is Strategy.SOONEST
    assert send(alice, shop, "strategy", strategy="77") == 404


def test_lanes_are_made_walked_filled_and_taken_away(shop: Shop, alice: Browser) -> None:
    shop.codes(5)
    number = sku_of(shop)

    assert send(alice, shop, "lanes", name="For companies", steer_days="") == 303
    assert send(alice, shop, "lanes", name="For companies", steer_days="") == 422
    assert send(alice, shop, "walks", walk_shop_0="1", walk_company_1="1", walk_company_0="2") == 303
    assert shop.read(lambda: read_walks(number)) == {number: {"shop": (0,), "company": (1, 0)}}
    assert send(alice, shop, "walks", walk_company_0="1") == 422
    assert send(alice, shop, "moves", source="0", target="1", count="2") == 303
    assert send(alice, shop, "moves", source="1", target="1", count="2") == 422
    assert "For companies 2" in seen(alice, stock_page(shop))

    assert send(alice, shop, "lanes", name="For firms", number="1", steer_days="9") == 303
    assert send(alice, shop, "lanes/1/end") == 409
    assert send(alice, shop, "moves", source="1", target="0", count="10") == 303
    assert send(alice, shop, "lanes/1/end") == 303
    assert shop.read(lambda: list_lanes(number)) == []


def test_a_dip_rings_the_bell_until_it_was_read(shop: Shop, alice: Browser) -> None:
    shop.codes(2)
    assert send(alice, shop, "limits", low_stock="abc") == 422
    assert send(alice, shop, "limits", low_stock="5", low_days="", expiry_days="") == 303
    shop.drain()
    assert "1 unread" in seen(alice, office(shop))

    text = seen(alice, office(shop, "notes"))
    assert f"2 left of {shop.sku}, fewer than 5" in text
    assert "new" in text
    assert alice.post(office(shop, "notes/read"), {}, page=office(shop, "notes")).status_code == 303

    assert "unread" not in seen(alice, office(shop, "notes"))
    assert "You were alerted" in seen(alice, stock_page(shop))


def test_a_viewer_sees_the_stock_and_changes_nothing(shop: Shop) -> None:
    shop.codes(1)
    bob = people.bob(shop)

    assert "Which code is sold first" in seen(bob, stock_page(shop))
    assert send(bob, shop, "strategy", strategy="1") == 403


# Holds and the queue -------------------------------------------------------------------------------------------------


def test_holds_tell_whose_they_are_and_until_when(shop: Shop, alice: Browser) -> None:
    shop.codes(6)
    mine = shop.place(2, contact="dora@example.com")
    paying = shop.place(3, contact="13800138000")
    shop.start(paying)

    page = alice.get(office(shop, "holds"), headers={"Accept-Language": "en"}).get_data(as_text=True)

    assert "do***@example.com" in page
    assert "dora@example.com" not in page
    assert "138****8000" in page or "8000" in page
    assert "being paid" in page
    assert all(f"/orders/{public('ord', order.id)}" in page for order in (mine, paying))
    assert "Nobody holds that many" in plain(page)
    other = alice.get(office(shop, f"holds?sku={public('sku', shop.method_id)}")).get_data(as_text=True)
    assert f"/orders/{public('ord', mine.id)}" not in other


def test_who_is_at_the_limit_is_named(shop: Shop, alice: Browser) -> None:
    shop.codes(9)
    for _ in range(5):
        shop.place(contact="dora@example.com")

    assert "do***@example.com 5" in seen(alice, office(shop, "holds"))


def test_the_queue_is_in_the_order_of_service_and_tells_when_the_money_goes_back(shop: Shop, alice: Browser) -> None:
    shop.codes(2)
    waiting = [shop.place(at=clock.now() - timedelta(minutes=20)) for _ in range(2)]
    assert shop.pay(shop.place(2))
    for order in waiting:
        assert shop.pay(order)

    page = alice.get(office(shop, "queue"), headers={"Accept-Language": "en"}).get_data(as_text=True)

    places = [page.index(f"/orders/{public('ord', order.id)}") for order in waiting]
    assert places == sorted(places)
    assert "by decision" not in page
    shop.codes(2)
    assert "Nobody waits for stock" in seen(alice, office(shop, "queue"))


def test_the_queue_tells_apart_who_waits_for_stock_for_the_staff_and_for_a_release(shop: Shop, alice: Browser) -> None:
    by_hand, early = goods.variant(shop, Source.MANUAL), goods.variant(shop, Source.POOL)
    shop.codes(1)
    late = shop.place(at=clock.now() - timedelta(minutes=20))
    assert shop.pay(shop.place())
    goods.release(shop, early, clock.now() + timedelta(days=3))
    given = {"stock": late, "staff": shop.place(2, sku=by_hand), "release": shop.place(3, sku=early)}
    assert all(shop.pay(order) for order in given.values())

    whole = seen(alice, office(shop, "queue"))
    assert "Lacking stock 1 code New stock goes to them first" in whole
    assert "Waiting for the staff 2 codes Staff enter by hand" in whole
    assert "Waiting for the release 3 codes Bought before its release" in whole
    for what, order in given.items():
        page = alice.get(office(shop, f"queue?wait={what}"), headers={"Accept-Language": "en"}).get_data(as_text=True)
        rows = {key: f"/orders/{public('ord', other.id)}" in page for key, other in given.items()}
        assert rows == {key: key == what for key in given}
        assert moment_of(shop, order) in plain(page)


def test_a_code_that_waits_for_the_rest_of_its_bundle_is_not_waited_for(shop: Shop, alice: Browser) -> None:
    there, by_hand = goods.variant(shop, Source.POOL), goods.variant(shop, Source.MANUAL)
    shop.codes(1, sku=there)
    assert shop.pay(shop.place(sku=goods.bundle(shop, (there, 1, 1), (by_hand, 1, 1))))

    text = seen(alice, office(shop, "queue"))

    assert "Waiting for the staff 1 code" in text
    assert "Lacking stock" not in text


def moment_of(shop: Shop, order: Order) -> str:
    """Return when the money of an order goes back, as the page writes it: days after the release, if it has one."""
    until = shop.read(lambda: refunding.returns_at(orders.get(order.id), is_seen=False))
    assert until is not None
    return f"{until.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M}"
