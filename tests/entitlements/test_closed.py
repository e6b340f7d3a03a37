"""What is paid is handed over when the shop wants it: at its second, by no door before, or earlier by the staff."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.models import Source
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.errors import NothingClosed, NotOpenYet
from app.entitlements.models import Entitlement, State
from app.entitlements.service import Opening, Proof
from app.kit import clock, db
from app.kit.errors import Invalid, Refusal
from app.kit.events import SYSTEM
from app.orders.models import Order
from app.refunds import queries as refunding
from app.refunds import service as refunds
from tests.inventory.goods import variant
from tests.make import make_product
from tests.payments.market import Market

READY, PROMISED = State.READY, State.PROMISED
PROOF = Proof("device", SYSTEM, "192.0.2.0/24", "tests")


def delay(market: Market, minutes: int | None = 30, sku: str = "") -> None:
    """Let a SKU be handed over so long after its payment."""
    shop = market.shop

    def change() -> None:
        found = catalog.get_sku(sku or shop.sku)
        shelving.set_opening(found, minutes, now=clock.now(), by=SYSTEM)

    shop.write(change)


def closed(market: Market) -> Order:
    """Return an order that was paid and opens half an hour later."""
    delay(market)
    market.shop.codes(1)
    order = market.shop.place()
    assert market.shop.pay(order)
    market.shop.drain()
    return market.shop.order(order)


def reveal(market: Market, order: Order) -> list[Opening]:
    return market.shop.write(lambda: entitlements.reveal(order.id, proof=PROOF, now=clock.now()))


def opens_in(market: Market, order: Order) -> timedelta:
    """Return how long it is from the payment of an order until it opens."""
    (item,) = market.shop.read(lambda: entitled.list_of_order(order.id))
    assert item.opens_at
    assert order.paid_at
    return item.opens_at - order.paid_at


def test_it_opens_at_its_second_and_not_before(market: Market) -> None:
    order = closed(market)
    assert (market.word(order), market.owns(order)) == ("queued", [PROMISED])
    assert opens_in(market, order) == timedelta(minutes=30)
    assert order.paid_at

    market.pass_time(seconds=(order.paid_at + timedelta(minutes=29, seconds=58) - clock.now()).total_seconds())
    market.shop.drain()
    assert market.owns(order) == [PROMISED]
    with pytest.raises(NotOpenYet):
        reveal(market, order)

    market.wait(seconds=2)
    assert (market.word(order), market.owns(order)) == ("delivered", [READY])
    assert len(reveal(market, order)) == 1
    assert market.happened(order).count("order.delivered") == 1
    market.assert_no_code_twice()


def test_the_verb_itself_guards_the_moment(market: Market) -> None:
    order = closed(market)
    ready = update(Entitlement).where(Entitlement.order_id == order.id).values(state=READY)
    market.shop.write(lambda: db.session().execute(ready))

    market.pass_time(minutes=29)
    with pytest.raises(Refusal):
        reveal(market, order)
    market.pass_time(minutes=1)
    assert len(reveal(market, order)) == 1


def test_a_buyer_is_told_when_it_opens(market: Market) -> None:
    order = closed(market)
    assert "order.queued" in market.happened(order)
    assert "order.delivered" not in market.happened(order)

    market.wait(minutes=31)
    assert "order.delivered" in market.happened(order)


def test_the_staff_may_hand_over_earlier(market: Market) -> None:
    order = closed(market)
    market.shop.write(lambda: entitlements.open_early(order.id, now=clock.now(), by=SYSTEM))
    market.shop.drain()

    assert market.owns(order) == [READY]
    assert "order.opened_early" in market.happened(order)
    with pytest.raises(NothingClosed):
        market.shop.write(lambda: entitlements.open_early(order.id, now=clock.now(), by=SYSTEM))


def test_what_opens_later_goes_back_as_unseen(market: Market) -> None:
    order = closed(market)
    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    market.wait(minutes=31)

    assert market.owns(order) == [State.REVOKED]
    assert market.shop.stock()["sold"] == 0


def test_patience_begins_when_it_opens(market: Market) -> None:
    order = closed(market)
    until = market.shop.read(lambda: refunding.returns_at(market_order(order), is_seen=False))

    assert until
    assert order.paid_at
    assert until == order.paid_at + timedelta(minutes=30) + market.shop.read(refunding.patience)


def market_order(order: Order) -> Order:
    found: Order = db.get(Order, order.id)
    return found


def test_a_code_that_comes_early_waits_for_its_time(market: Market) -> None:
    shop = market.shop
    delay(market)
    shop.codes(1)
    order = shop.place()
    market.wait(minutes=16)
    assert shop.pay(shop.place())
    assert shop.pay(order)
    market.pass_time(minutes=5)
    shop.codes(1)
    assert market.owns(order) == [PROMISED]

    market.wait(minutes=26)
    assert market.owns(order) == [READY]


def test_a_code_that_comes_after_its_time_is_ready_at_once(market: Market) -> None:
    shop = market.shop
    delay(market)
    shop.codes(1)
    order = shop.place()
    market.wait(minutes=16)
    assert shop.pay(shop.place())
    assert shop.pay(order)
    market.wait(minutes=31)
    assert market.owns(order) == [PROMISED]

    shop.codes(1)
    assert market.owns(order) == [READY]


def test_a_bundle_opens_when_the_last_of_it_does(market: Market) -> None:
    shop = market.shop
    other = make_product(shop, kind=catalog.Kind.CODE)
    shop.codes(1)
    shop.imports("SECOND-CODE-0001", sku=other)
    bundle = variant(shop, Source.BUNDLE)
    portions = [shelving.Portion(shop.sku, 1, 1), shelving.Portion(other, 1, 1)]

    def fill() -> None:
        found = catalog.get_sku(bundle)
        shelving.set_components(found, portions, as_ready=False, now=clock.now(), by=SYSTEM)

    shop.write(fill)
    delay(market, 10, other)
    order = shop.place(sku=bundle)
    assert shop.pay(order)
    shop.drain()
    assert market.owns(order) == [PROMISED, PROMISED]

    market.wait(minutes=11)
    assert (market.word(order), market.owns(order)) == ("delivered", [READY, READY])


def test_a_rule_of_the_whole_bundle_holds_for_all_of_it(market: Market) -> None:
    shop = market.shop
    shop.codes(1)
    bundle = variant(shop, Source.BUNDLE)
    portions = [shelving.Portion(shop.sku, 1, 1)]

    def fill() -> None:
        found = catalog.get_sku(bundle)
        shelving.set_components(found, portions, as_ready=True, now=clock.now(), by=SYSTEM)

    shop.write(fill)
    delay(market, 10, bundle)
    order = shop.place(sku=bundle)
    assert shop.pay(order)
    assert market.owns(order) == [PROMISED]

    market.wait(minutes=11)
    assert market.owns(order) == [READY]


def test_another_rule_later_changes_nothing_of_what_was_paid(market: Market) -> None:
    order = closed(market)
    delay(market, None)

    assert opens_in(market, order) == timedelta(minutes=30)
    market.shop.codes(1)
    again = market.shop.place()
    assert market.shop.pay(again)
    assert market.owns(again) == [READY]


@pytest.mark.parametrize("minutes", [0, -1, 30 * 1440 + 1])
def test_a_delay_is_between_a_minute_and_a_month(market: Market, minutes: int) -> None:
    with pytest.raises(Invalid):
        delay(market, minutes)
