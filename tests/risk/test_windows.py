"""How much one hand may order in a while: by contact, browser, network and payment account (RSK-1)."""

import secrets
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.kit import clock, db, events
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.orders import service as ordering
from app.orders.errors import TooManyUnpaid
from app.orders.models import Order, Review
from app.orders.tasks import KEPT
from app.risk import queries as fences
from app.risk import service as risk
from app.risk.errors import TurnedAway
from app.risk.queries import HOUSE, Mode, Rule, What, Whose
from app.risk.rules import Verdict, judge
from app.web.shop.placing import Placed, Sent, place_all
from tests.make import Shop, at_once
from tests.risk.hands import HOME, OFFICE, order, pay_from, review_of, set_rule, word


def caught(shop: Shop, name: str) -> fences.Caught:
    found = shop.read(lambda: fences.count_caught(since=clock.now() - timedelta(days=7)))
    return found.get(name, fences.Caught())


@pytest.fixture(autouse=True)
def plenty(shop: Shop) -> None:
    shop.codes(40)


def test_one_order_more_than_passes_is_refused_and_leaves_nothing(shop: Shop) -> None:
    set_rule(shop, "network.orders", Mode.REFUSE, 2)
    order(shop, network=HOME)
    order(shop, network=HOME)

    with pytest.raises(TurnedAway):
        order(shop, network=HOME)

    order(shop, network=OFFICE)
    assert shop.stock()["held"] == 3


def test_a_refusal_tells_neither_the_rule_nor_its_limit(shop: Shop) -> None:
    set_rule(shop, "contact.orders", Mode.REFUSE, 1)
    order(shop, contact="dora@example.com")

    with pytest.raises(TurnedAway) as refused:
        order(shop, contact="dora@example.com")

    said = f"{refused.value} {refused.value.mend}"
    assert not any(word in said.lower() for word in ("contact", "network", "browser", "hour", "1", "2"))


def test_the_window_slides(shop: Shop) -> None:
    set_rule(shop, "contact.orders", Mode.REFUSE, 1, 10)
    order(shop, contact="dora@example.com", at=clock.now() - timedelta(minutes=10, seconds=1))
    order(shop, contact="dora@example.com")

    with pytest.raises(TurnedAway):
        order(shop, contact="dora@example.com")


def test_money_is_summed_with_the_order_itself(shop: Shop) -> None:
    set_rule(shop, "contact.money", Mode.REFUSE, 3 * 1999)
    order(shop, contact="dora@example.com", quantity=2)
    order(shop, contact="dora@example.com")

    with pytest.raises(TurnedAway):
        order(shop, contact="dora@example.com")


def test_a_browser_with_many_contacts_goes_to_review(shop: Shop) -> None:
    set_rule(shop, "device.contacts", Mode.REVIEW, 2)
    device = new_id()
    fine = [order(shop, device=device, contact=name) for name in ("a@example.com", "b@example.com", "a@example.com")]

    third = order(shop, device=device, contact="c@example.com")

    assert [review_of(shop, one) for one in (*fine, third)] == [Review.NONE] * 3 + [Review.WAITING]
    assert word(shop, third) == "pending"  # who orders is not told


def test_who_throws_away_the_cookie_each_time_is_held_by_the_network(shop: Shop) -> None:
    set_rule(shop, "network.unpaid", Mode.REFUSE, 3)

    sent = [a_form(shop, device=secrets.token_hex(16)) for _ in range(5)]  # forged, so each gets a new one
    answers = place_all(shop.merchant_id, sent)

    assert sum(isinstance(answer, Placed) for answer in answers) == 3
    assert sum(isinstance(answer, TurnedAway) for answer in answers) == 2
    assert shop.stock()["held"] == 3


def test_a_rush_from_one_network_stays_within_the_limit(shop: Shop) -> None:
    set_rule(shop, "network.orders", Mode.REFUSE, 3)

    placed = at_once([lambda: order(shop, network=HOME)] * 8)

    assert sum(isinstance(one, Order) for one in placed) == 3, placed
    assert shop.stock()["held"] == 3


def test_orders_paid_at_once_from_one_account_count_each_other(shop: Shop) -> None:
    shop.codes(8)
    set_rule(shop, "payer.orders", Mode.REVIEW, 3)
    placed = [order(shop) for _ in range(8)]

    assert all(at_once([lambda one=one: pay_from(shop, one, "2088") for one in placed]))  # type: ignore[misc]

    assert sum(review_of(shop, one) is Review.WAITING for one in placed) == 5


def test_unpaid_orders_of_a_network_make_room_when_they_are_paid(shop: Shop) -> None:
    set_rule(shop, "network.unpaid", Mode.REFUSE, 1)
    first = order(shop, network=HOME)
    with pytest.raises(TurnedAway):
        order(shop, network=HOME)

    assert shop.pay(first)

    order(shop, network=HOME)


def test_the_limit_of_unpaid_orders_still_names_itself(shop: Shop) -> None:
    """An honest buyer has to learn what to pay or cancel."""
    for _ in range(5):
        order(shop, contact="dora@example.com")
    with pytest.raises(TooManyUnpaid, match="5 of your orders"):
        order(shop, contact="dora@example.com")


def test_payments_the_gateway_refuses_are_counted(shop: Shop) -> None:
    set_rule(shop, "device.refused", Mode.REVIEW, 1)
    device = new_id()
    first = order(shop, device=device)
    for _ in range(2):
        shop.write(lambda: ordering.count_refusal(first.id))

    assert review_of(shop, order(shop, device=device)) is Review.WAITING
    assert review_of(shop, order(shop, device=new_id())) is Review.NONE


def test_the_account_that_paid_is_known_after_the_payment(shop: Shop) -> None:
    set_rule(shop, "payer.contacts", Mode.REVIEW, 2)
    placed = [order(shop) for _ in range(4)]

    assert all(pay_from(shop, one, "2088-dora") for one in placed[:3])
    assert pay_from(shop, placed[3], "2088-eve")

    assert [word(shop, one) for one in placed] == ["delivered", "delivered", "in_review", "delivered"]
    assert caught(shop, "payer.contacts").reviewed == 1


def test_a_rule_on_watch_counts_what_it_would_have_caught_and_stops_nobody(shop: Shop) -> None:
    set_rule(shop, "network.orders", Mode.WATCH, 1)
    placed = [order(shop, network=HOME) for _ in range(3)]

    assert caught(shop, "network.orders") == fences.Caught(watched=2)
    assert all(review_of(shop, one) is Review.NONE for one in placed)
    assert shop.pay(placed[2])
    assert word(shop, placed[2]) == "delivered"


def test_refused_tries_are_written_down_by_the_hour(shop: Shop) -> None:
    set_rule(shop, "network.orders", Mode.REFUSE, 1)
    for _ in range(4):
        place_all(shop.merchant_id, [a_form(shop, contact="eve@example.com")])

    (row,) = shop.read(lambda: fences.list_refused(limit=9))
    assert (row.rule, row.times, row.who, row.order_id) == ("network.orders", 3, "ev***@example.com", None)
    assert caught(shop, "network.orders").refused == 3


def test_rules_are_set_by_shop_and_the_change_is_an_event(shop: Shop, other: Shop) -> None:
    set_rule(shop, "network.orders", Mode.REFUSE, 1)

    assert other.read(fences.read) == HOUSE
    names = [row.name for row in shop.read(lambda: events.timeline(subject=("merchant", UUID(int=shop.merchant_id))))]
    assert names == ["merchant.fences_changed"]


def test_what_cannot_be_set_is_refused_by_its_field(shop: Shop) -> None:
    wrong = {
        "payer.orders": risk.Setting(Mode.REFUSE, 1, 60),
        "contact.orders": risk.Setting(Mode.WATCH, 0, 61),
    }
    with pytest.raises(Invalid) as refused:
        shop.write(lambda: risk.set_rules(wrong, now=clock.now(), by=SYSTEM))

    assert set(refused.value.fields) == {"payer.orders.mode", "contact.orders.most", "contact.orders.minutes"}


def test_no_address_and_no_network_is_kept_in_clear_and_its_mark_is_wiped(shop: Shop) -> None:
    placed = order(shop, network=HOME, at=clock.now() - KEPT - timedelta(hours=1))
    fresh = order(shop, network=HOME)
    assert shop.order(placed).network_index not in (None, HOME.encode())
    rows = shop.read(lambda: db.session().execute(select(Order.__table__).where(Order.id == placed.id)).all())
    assert "8.8.8" not in str(rows)

    assert shop.write(lambda: ordering.forget_networks(before=clock.now() - KEPT, limit=100)) == 1

    assert shop.order(placed).network_index is None
    assert shop.order(fresh).network_index is not None


def test_the_strictest_of_several_rules_decides_and_each_is_told() -> None:
    rules = [
        Rule(Whose.CONTACT, What.ORDERS, 60, 1, Mode.WATCH),
        Rule(Whose.DEVICE, What.ORDERS, 60, 1, Mode.REFUSE),
        Rule(Whose.NETWORK, What.ORDERS, 60, 1, Mode.REVIEW),
    ]
    decision = judge({"contact.orders": 2, "device.orders": 2, "network.orders": 2}, rules)
    assert decision.verdict is Verdict.REFUSE
    assert len(decision.hits) == 3
    assert judge({"network.orders": 2}, rules).verdict is Verdict.REVIEW
    assert judge({}, rules).verdict is Verdict.ALLOW


def a_form(shop: Shop, *, device: str = "", contact: str = "") -> Sent:
    someone = contact or f"{secrets.token_hex(6)}@example.com"
    return Sent(ordering.Basket(((shop.sku, 1),), someone, "en", secrets.token_hex(8)), device, HOME)


@pytest.mark.parametrize("mode", [Mode.WATCH, None])
def test_all_rules_at_once_judge_several_orders_in_one_statement(shop: Shop, mode: Mode | None) -> None:
    """As the house sets them, and all of them on watch; each kind of hand has another number of rules."""
    if mode is not None:
        all_on = {name: risk.Setting(mode, rule.most, rule.minutes) for name, rule in HOUSE.items()}
        shop.write(lambda: risk.set_rules(all_on, now=clock.now(), by=SYSTEM))

    answers = place_all(shop.merchant_id, [a_form(shop) for _ in range(5)])
    alone = order(shop, network=HOME, device=new_id())

    assert all(isinstance(answer, Placed) for answer in answers), answers
    assert pay_from(shop, alone, "2088-dora")
    assert word(shop, alone) == "delivered"
