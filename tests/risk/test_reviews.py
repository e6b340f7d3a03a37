"""Record the money first, decide fulfilment second: what is in review is paid, and given to nobody (RSK-5)."""

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.delivery import queries as told
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.errors import NothingToReveal
from app.entitlements.models import State
from app.entitlements.service import Proof
from app.entitlements.tasks import watch as watch_grants
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.messages import queries as notes
from app.messages.models import StaffNote
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.errors import AlreadyDecided
from app.orders.models import Order, Review
from app.refunds import queries as refunded
from app.refunds import service as refunds
from app.refunds.errors import NotRefundable
from app.risk import service as risk
from app.risk.queries import Mode, Policy
from tests import people
from tests.mailbox import Mailbox, text_of
from tests.mailbox import read as opened
from tests.make import at_once
from tests.payments.market import Market
from tests.risk.hands import order, set_rule


def caught_order(market: Market, *, pays: bool = True, codes: int = 1) -> Order:
    """Let a buyer run into a fence, and pay."""
    set_rule(market.shop, "contact.orders", Mode.REVIEW, 1)
    market.shop.codes(codes + 1)
    someone = f"{secrets.token_hex(6)}@example.com"
    order(market.shop, contact=someone)
    placed = order(market.shop, contact=someone, quantity=codes)
    if pays:
        market.buy(placed)
        market.work()
    return placed


def release(market: Market, *placed: Order) -> list[object]:
    ids = [one.id for one in placed]
    return list(market.shop.write(lambda: entitlements.release(ids, now=clock.now(), by=SYSTEM)))


def decline(market: Market, placed: Order, reason: str = "stolen card") -> object:
    return market.shop.write(lambda: refunds.decline(placed.id, reason=reason, now=clock.now(), by=SYSTEM))


def test_the_money_is_booked_and_nothing_is_given(market: Market) -> None:
    placed = caught_order(market, codes=2)

    assert (market.word(placed), market.owns(placed)) == ("in_review", [])
    assert market.happened(placed)[-2:] == ["order.paid", "order.held"]
    assert market.balance("income:sales") == -2 * 1999
    assert market.balance("expense:goods") == 0
    assert market.shop.stock()["held"] >= 2
    market.assert_books()


def test_released_it_is_delivered_and_the_buyer_is_told(market: Market) -> None:
    placed = caught_order(market, codes=2)

    assert release(market, placed) == [placed.id]
    market.work()

    assert (market.word(placed), market.owns(placed)) == ("delivered", [State.READY] * 2)
    assert market.balance("expense:goods") == 2 * 1000
    assert {"order.reviewed", "order.delivered"} <= set(market.happened(placed))
    assert [row.about.name for row in market.shop.read(lambda: told.list_of_order(placed.id))] == ["READY"]
    market.assert_books()
    market.assert_no_code_twice()


def test_declined_the_money_goes_back_and_the_stock_to_others(market: Market) -> None:
    placed = caught_order(market)

    decline(market, placed)
    market.work()

    assert (market.word(placed), market.owns(placed)) == ("refunded", [])
    (refund,) = market.shop.read(lambda: refunded.list_of_order(placed.id))
    assert refund.reason == "stolen card"
    assert market.kept == 0
    market.wait(minutes=20)
    assert market.shop.stock()["available"] == 2
    market.assert_books()


def test_a_plain_refund_ends_a_review_as_well(market: Market) -> None:
    placed = caught_order(market)

    market.shop.write(lambda: refunds.refund(placed.id, reason="", now=clock.now(), by=SYSTEM))

    assert market.shop.order(placed).review is Review.DECLINED
    assert release(market, placed) == []
    with pytest.raises(AlreadyDecided):
        decline(market, placed)
    assert market.word(placed) == "refunded"


def test_of_release_and_refund_at_once_one_wins(market: Market) -> None:
    for _ in range(3):
        placed = caught_order(market)

        answers = at_once([lambda: release(market, placed), lambda: decline(market, placed)] * 2)  # noqa: B023

        market.work()
        released = sum(answer == [placed.id] for answer in answers)
        declined = sum(isinstance(answer, refunded.Refund) for answer in answers)
        assert (released, declined) in {(1, 0), (0, 1)}, answers
        assert all(isinstance(one, list | AlreadyDecided | NotRefundable | refunded.Refund) for one in answers), answers
        assert market.word(placed) == ("delivered" if released else "refunded")
        market.assert_books()
        market.assert_no_code_twice()


def test_nothing_is_decided_before_it_is_paid(market: Market) -> None:
    """An unpaid one is not in the queue: it is decided when there is money to decide about."""
    placed = caught_order(market, pays=False)
    assert release(market, placed) == []
    assert market.shop.read(lambda: orders.list_in_review(limit=9)) == []

    market.buy(placed)

    assert market.word(placed) == "in_review"


def test_no_watch_delivers_what_is_in_review(market: Market) -> None:
    placed = caught_order(market)
    market.pass_time(minutes=5)

    market.shop.write(lambda: watch_grants(new_id()))
    market.shop.codes(3)
    market.work()

    assert (market.word(placed), market.owns(placed)) == ("in_review", [])
    assert market.shop.read(orders.count_owed) == 0


def test_nobody_can_look_at_what_is_in_review(market: Market) -> None:
    placed = caught_order(market)
    proof = Proof("device", SYSTEM, "", "")

    with pytest.raises(NothingToReveal):
        market.shop.write(lambda: entitlements.reveal(placed.id, proof=proof, now=clock.now()))
    assert market.shop.read(lambda: entitled.list_of_order(placed.id)) == []


def test_late_money_of_an_order_in_review_waits_as_well(market: Market) -> None:
    placed = caught_order(market, pays=False)
    url = market.start(placed)
    market.wait(minutes=16)
    market.bank.pay_late(url)
    market.bring()

    assert (market.word(placed), market.owns(placed)) == ("in_review", [])


def test_nobody_decides_and_the_money_goes_back_as_from_the_queue(market: Market) -> None:
    placed = caught_order(market)
    market.wait(hours=23)
    assert market.word(placed) == "in_review"

    market.wait(hours=1, minutes=2)

    assert market.word(placed) == "refunded"
    (refund,) = market.shop.read(lambda: refunded.list_of_order(placed.id))
    assert refund.reason == refunds.TOO_LATE
    market.assert_books()


def test_nobody_decides_and_the_shop_wants_it_delivered_then(market: Market) -> None:
    market.shop.write(lambda: risk.set_policy(Policy(2, True), now=clock.now(), by=SYSTEM))
    placed = caught_order(market)
    market.wait(hours=1)
    assert market.word(placed) == "in_review"

    market.wait(hours=1, minutes=2)

    assert (market.word(placed), market.owns(placed)) == ("delivered", [State.READY])
    market.assert_books()


def test_the_staff_are_told_once_and_of_later_ones_an_hour_later(market: Market, tmp_path: Path) -> None:
    Mailbox(tmp_path)

    def noted() -> list[int]:
        rows = market.shop.read(lambda: db.session().scalars(select(StaffNote).order_by(StaffNote.id)).all())
        return [notes.facts_of(row)["count"] for row in rows if row.kind == "order.review"]

    caught_order(market)
    assert noted() == [1]
    (letter,) = [text_of(opened(file)) for file in tmp_path.glob("*.eml") if "/reviews" in text_of(opened(file))]
    assert f"/office/{market.shop.slug}/reviews" in letter
    alice = people.alice(market.shop)
    page = alice.get(f"/office/{market.shop.slug}/notes?lang=en").get_data(as_text=True)
    assert "Paid orders wait for a decision" in page
    assert f'href="/office/{market.shop.slug}/reviews"' in page
    caught_order(market)
    caught_order(market)
    assert noted() == [1]

    market.wait(hours=1, minutes=1)

    assert noted() == [1, 2]
    market.wait(hours=2)
    assert noted() == [1, 2]


def test_what_it_holds_is_kept_for_it(market: Market) -> None:
    """Its notice came without a payment of ours having been started, long after its hold had ended."""
    placed = caught_order(market, pays=False)
    market.pass_time(minutes=14)
    assert market.shop.pay(placed)
    market.wait(hours=2)
    assert market.shop.stock()["held"] == 1  # kept for it, though its quarter of an hour is over

    assert release(market, placed) == [placed.id]
    assert market.word(placed) == "delivered"


def test_several_are_released_in_one_go(market: Market) -> None:
    first, second = caught_order(market), caught_order(market)

    assert release(market, first, second) == sorted([first.id, second.id])
    assert release(market, first, second) == []
    assert [market.word(one) for one in (first, second)] == ["delivered"] * 2
    market.assert_books()


def test_an_unpaid_order_in_review_can_be_cancelled_and_expires(market: Market) -> None:
    cancelled, expired = caught_order(market, pays=False), caught_order(market, pays=False)
    market.shop.write(lambda: ordering.cancel(cancelled.id, now=clock.now(), by=SYSTEM))
    market.pass_time(minutes=16)
    market.work()

    assert [market.word(one) for one in (cancelled, expired)] == ["cancelled", "expired"]
    assert timedelta(hours=24) == market.shop.read(refunded.review_patience)
