"""Refunds from the office: what is ticked goes back, what was seen needs more than a tick, and the buyer sees it."""

import re
from typing import Any

import pytest

from app.accounts import rules
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.models import Entitlement, State
from app.kit import clock
from app.kit.events import By
from app.kit.ids import public
from app.orders.models import Order
from app.payments.models import Payback
from app.web.shop.placing import token_of
from tests import people
from tests.engines import on_one_engine
from tests.make import Browser, Shop
from tests.payments.market import Market, rows
from tests.web.office.test_exceptions import english, misfit, refused, stuck
from tests.web.shop.test_check import words


@pytest.fixture
def bought(shop: Shop) -> Order:
    """A delivered order of three codes; the first one was seen."""
    shop.codes(3)
    order = shop.place(3)
    assert shop.pay(order)
    proof = entitlements.Proof("device", By("device"), "127.0.0.0/24", "tests")
    first = pieces(shop, order)[0].id
    shop.write(lambda: entitlements.reveal(order.id, proof=proof, now=clock.now(), only=[first]))
    return order


def pieces(shop: Shop, order: Order) -> list[Entitlement]:
    return list(shop.read(lambda: entitled.list_of_order(order.id)))


def page_of(shop: Shop, order: Order, rest: str = "") -> str:
    return f"/office/{shop.slug}/orders/{public('ord', order.id)}{rest}"


def press(browser: Browser, shop: Shop, order: Order, *items: Entitlement, **form: Any) -> Any:
    ticked = {"which": "chosen", "e": [public("ent", item.id) for item in items]} if items else {}
    sent = {"order": public("ord", order.id), "reason": "asked for"} | ticked | form
    return browser.post(page_of(shop, order, "/refunds"), sent, page=page_of(shop, order, "/refund"))


def test_alice_takes_one_piece_back_and_everybody_sees_it(shop: Shop, bought: Order) -> None:
    alice = english(people.alice(shop))
    assert "Give money back" in words(alice.get(page_of(shop, bought)))
    form = words(alice.get(page_of(shop, bought, "/refund")))
    assert "Give CN¥59.97 back" in form
    assert "seen by the buyer" in form

    answer = press(alice, shop, bought, pieces(shop, bought)[2])

    assert (answer.status_code, answer.location) == (303, page_of(shop, bought))
    assert [item.state for item in pieces(shop, bought)] == [State.READY, State.READY, State.REVOKED]
    told = words(alice.get(page_of(shop, bought)))
    assert "CN¥19.99 of CN¥59.97 is being or has been sent back to the buyer" in told
    assert "Reason: asked for." in told
    assert "Give more back" in told


@on_one_engine
def test_the_amount_follows_what_is_ticked(shop: Shop, bought: Order) -> None:
    alice = english(people.alice(shop))
    ticked = "&".join(f"e={public('ent', item.id)}" for item in pieces(shop, bought)[1:])
    asked = {"HX-Request": "true", "HX-Target": "sum"}

    some = words(alice.get(page_of(shop, bought, f"/refund?which=chosen&{ticked}"), headers=asked))
    none = words(alice.get(page_of(shop, bought, "/refund?which=chosen"), headers=asked))
    everything = words(alice.get(page_of(shop, bought, "/refund?which=all"), headers=asked))

    assert "Give CN¥39.98 back" in some
    assert "seen" not in some
    assert "Give CN¥0.00 back" in none
    assert "Give CN¥59.97 back" in everything
    assert "1 chosen code was seen" in everything
    assert "<html" not in some


def test_a_seen_code_goes_back_only_on_purpose_and_with_a_reason(shop: Shop, bought: Order) -> None:
    alice, seen = english(people.alice(shop)), pieces(shop, bought)[0]

    plain = press(alice, shop, bought, seen)
    silent = press(alice, shop, bought, seen, even_seen="1", reason="")
    assert (plain.status_code, silent.status_code) == (409, 422)
    assert "Say why: codes that the buyer has seen are taken back only with a reason." in words(silent)
    reason = re.search('<input[^>]*name="reason"[^>]*>', plain.get_data(as_text=True))
    assert reason
    assert " required" in reason[0]
    assert "A code in this order has already been viewed." in words(plain)
    assert 'value="' + public("ent", seen.id) + '"' in plain.get_data(as_text=True)
    assert pieces(shop, bought)[0].state is State.READY

    assert press(alice, shop, bought, seen, even_seen="1").status_code == 303
    assert pieces(shop, bought)[0].state is State.REVOKED
    assert shop.stock()["void"] == 1


@on_one_engine
def test_who_may_refund_may_not_therefore_take_seen_codes_back(
    shop: Shop, bought: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rules.ROLES, "till", rules.VIEW | {"orders.refund"})
    bob, seen = english(people.bob(shop, "till")), pieces(shop, bought)[0]
    form = words(bob.get(page_of(shop, bought, "/refund")))
    assert "An owner or operator of the shop can take such codes back." in form
    assert "Take back codes the buyer has seen as well" not in form

    answer = press(bob, shop, bought, seen, even_seen="1")

    assert answer.status_code == 403
    assert pieces(shop, bought)[0].state is State.READY
    assert press(bob, shop, bought, pieces(shop, bought)[1]).status_code == 303


@on_one_engine
def test_nothing_ticked_and_something_gone_say_so(shop: Shop, bought: Order) -> None:
    alice, last = english(people.alice(shop)), pieces(shop, bought)[2]

    none = press(alice, shop, bought, which="chosen")
    assert (none.status_code, "Choose what is taken back." in words(none)) == (422, True)
    assert press(alice, shop, bought, last).status_code == 303
    again = press(alice, shop, bought, last)

    assert again.status_code == 409
    assert "Something you chose was taken back a moment ago." in words(again)
    assert press(alice, shop, bought, e=["ent_nonsense"], which="chosen").status_code == 404


@on_one_engine
def test_what_cannot_be_refunded_says_so_on_the_form(shop: Shop) -> None:
    alice = english(people.alice(shop))
    shop.codes(1)
    order = shop.place()

    assert "Nothing left to refund" in words(alice.get(page_of(shop, order, "/refund")))
    assert shop.pay(order)
    assert press(alice, shop, order).status_code == 303
    assert "Nothing left to refund" in words(alice.get(page_of(shop, order, "/refund")))
    assert "Give money back" not in words(alice.get(page_of(shop, order)))


def test_the_buyer_sees_what_went_back_and_keeps_the_rest(market: Market) -> None:
    shop, alice = market.shop, english(people.alice(market.shop))
    shop.codes(2)
    order = shop.place(2)
    market.buy(order)
    assert press(alice, shop, order, pieces(shop, order)[0]).status_code == 303
    dora = english(people.dora(shop))
    path = f"/s/{shop.slug}/o/{token_of(order.id)}"

    asked = words(dora.get(path))
    market.work()
    done = words(dora.get(path))

    assert "Partly refunded" in asked
    assert "on its way since" in asked
    assert "given back" in done
    assert "Stays paid CN¥19.99" in done
    assert "1 piece" in done


# Exceptions ---------------------------------------------------------------------------------------------------------


@on_one_engine
def test_exceptions_are_narrowed_down_by_kind(shop: Shop) -> None:
    alice = english(people.alice(shop))
    misfit(shop)
    stuck(shop)
    path = f"/office/{shop.slug}/exceptions"

    every, amount, gone = (words(alice.get(f"{path}{query}")) for query in ("", "?kind=amount", "?kind=silent"))

    assert "Wrong amount 1" in every
    assert "Not given back 1" in every
    assert "Money the gateway has not given back" in every
    assert "Money the gateway has not given back" not in amount
    assert "CN¥0.01 came, but CN¥19.99 was due; the order waits." in amount
    assert "Nothing left of this kind" in gone


def test_alice_takes_too_little_for_the_whole(shop: Shop) -> None:
    misfit(shop)
    notice, alice = public("ntc", refused(shop).id), english(people.alice(shop))
    path = f"/office/{shop.slug}/exceptions/{notice}"
    assert "The missing CN¥19.98 is a discount of the shop." in words(alice.get(path))

    without = alice.post(f"/office/{shop.slug}/notices/{notice}/acceptance", {}, page=path)
    answer = alice.post(f"/office/{shop.slug}/notices/{notice}/acceptance", {"reason": "a friend"}, page=path)

    assert (without.status_code, answer.status_code) == (422, 303)
    order = alice.get(answer.location)
    assert "Smaller amount accepted as full payment" in words(order)
    assert "Discounts of the shop" in words(order)


def test_alice_lets_unmatched_money_pay_an_order(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    assert shop.pay(order, out_trade_no="0" * 26)
    notice, alice = public("ntc", refused(shop).id), english(people.alice(shop))
    path = f"/office/{shop.slug}/exceptions/{notice}"
    page = words(alice.get(path))
    assert "CN¥19.99 arrived, and nobody knows what for." in page
    assert "These are waiting for exactly this amount:" in page

    nobody = alice.post(f"/office/{shop.slug}/notices/{notice}/match", {"order_number": "1"}, page=path)
    answer = alice.post(f"/office/{shop.slug}/notices/{notice}/match", {"order_number": order.number}, page=path)

    assert (nobody.status_code, answer.status_code) == (422, 303)
    assert "No order of the shop has this number." in words(nobody)
    assert shop.order(order).payment.name == "PAID"
    assert "There is nothing left to do about it." in words(alice.get(path))


def test_alice_notes_that_money_was_given_back_by_hand(shop: Shop) -> None:
    row, alice = stuck(shop), english(people.alice(shop))
    path = row.path.replace("retry", "by-hand")
    page = f"/office/{shop.slug}/exceptions"

    assert alice.post(f"/office/{shop.slug}/{path}", {"note": " "}, page=page).status_code == 422
    assert alice.post(f"/office/{shop.slug}/{path}", {"note": "in cash"}, page=page).status_code == 303

    assert "Money the gateway has not given back" not in words(alice.get(page))
    (payback,) = shop.read(lambda: rows(Payback))
    order = words(alice.get(f"/office/{shop.slug}/orders/{public('ord', payback.order_id)}"))
    assert "given back by hand" in order
    assert "in cash" in order
