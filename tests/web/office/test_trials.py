"""Settings of fences are tried on the orders of the last 30 days before they are saved."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import new_id, public
from app.orders import queries as orders
from app.orders.models import Order
from app.payments.models import Notice, NoticeState
from app.refunds import service as refunds
from app.risk import queries as fences
from app.risk.queries import HOUSE, Mode
from tests import people
from tests.engines import on_one_engine
from tests.make import Shop
from tests.risk.hands import HOME, order, set_rule

STRICT = {"network.orders.mode": "3", "network.orders.most": "1", "network.orders.minutes": "60"}


def ask(shop: Shop, form: dict[str, str]) -> Any:
    page = f"/office/{shop.slug}/fences"
    return people.alice(shop).post(f"{page}/trial?lang=en", form, page=page)


def text_of(shop: Shop, url: str, **who: Any) -> str:
    browser = who.get("by") or people.alice(shop)
    return str(browser.get(f"{url.partition('#')[0]}{'&' if '?' in url else '?'}lang=en").get_data(as_text=True))


def test_settings_are_tried_and_not_saved(shop: Shop) -> None:
    """Five orders of one network, four of which a limit of one stops: kept, sent back, disputed and never paid."""
    shop.codes(9)
    set_rule(shop, "network.orders", Mode.OFF, 30)
    placed = [order(shop, network=HOME, at=clock.now() - timedelta(minutes=9 - nth)) for nth in range(5)]
    assert all(shop.pay(one) for one in placed[:4])
    shop.write(lambda: refunds.refund(placed[2].id, reason="wrong", now=clock.now(), by=SYSTEM))
    shop.write(lambda: dispute(shop, placed[3]))

    answer = ask(shop, STRICT)

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query)["tried"] == ["network.orders:3:1:60"]
    text = text_of(shop, answer.location)
    assert "would have stopped 4 orders, 1 of them paid and never refunded or disputed" in text
    assert 'value="1" inputmode' in text.replace("\n", "").replace("         ", " ")  # it stands in the form still
    assert shop.read(fences.read)["network.orders"].mode is Mode.OFF
    rows = text_of(shop, f"/office/{shop.slug}/fences/trial?rule=network.orders&tried=network.orders:3:1:60")
    assert [public("ord", one.id) in rows for one in placed] == [False, True, True, True, True]


def dispute(shop: Shop, placed: Order) -> None:
    """Let the gateway tell that a bank took the money back."""
    (tender,) = orders.list_tenders_of(placed.id)
    known = {"id": new_id(), "merchant_id": shop.merchant_id, "method_id": shop.method_id, "tender_id": tender.id}
    told = {"state": NoticeState.REFUSED, "reason": "dispute lost", "body": "{}", "reported_no": "dp_1"}
    db.session().add(Notice(**known, **told, amount=1999, currency="CNY", at=clock.now()))


@on_one_engine
def test_what_cannot_be_set_cannot_be_tried(shop: Shop) -> None:
    answer = ask(shop, STRICT | {"network.orders.most": "none"})

    assert answer.status_code == 422
    assert "f-network.orders.most-error" in answer.get_data(as_text=True)


@on_one_engine
def test_an_address_that_says_nonsense_tries_what_stands(shop: Shop) -> None:
    page = f"/office/{shop.slug}/fences"
    settings = ("9:1:60", "3:1:61", "3:0:60", "²:1:1", "3:1")
    for nonsense in ("", "x", *(f"network.orders:{one}" for one in settings)):
        assert "No fence would have caught an order." in text_of(shop, f"{page}?tried={nonsense}")
        assert "caught none in the last 30 days" in text_of(shop, f"{page}/trial?rule=no.such&tried={nonsense}")


@on_one_engine
def test_the_orders_go_on_on_the_next_page(shop: Shop) -> None:
    shop.codes(60)
    watch = f"network.orders:1:1:{HOUSE['network.money'].minutes}"
    for place in range(53):
        order(shop, network=HOME, at=clock.now() - timedelta(minutes=60 - place))

    first = people.alice(shop).get(f"/office/{shop.slug}/fences/trial?lang=en&rule=network.orders&tried={watch}")

    assert "50 on this page" in first.text
    (onward,) = [part.partition('"')[0] for part in first.text.split('rel="next" href="')[1:]]
    assert "2 on this page" in text_of(shop, onward.replace("&amp;", "&"))
