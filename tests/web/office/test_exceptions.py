"""The list of what did not go by itself: each row with its one action, which does its work once."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.entitlements import service as entitlements
from app.kit import clock, db, effects
from app.kit.events import SYSTEM, By
from app.kit.ids import new_id, public
from app.orders.models import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Notice, NoticeState, Payback, PaybackState
from app.refunds import queries as refunds
from app.refunds import service as refunding
from app.web.office.exceptions import MOST
from tests import people
from tests.engines import on_one_engine
from tests.make import Browser, Shop
from tests.payments.market import Market
from tests.web.shop.test_check import words

LONG = timedelta(minutes=20)  # longer than stock is held


@dataclass
class Row:
    """One exception of a shop: where its button leads, and what it changed."""

    name: str  # of its section
    path: str  # of its button's form
    done: Callable[[], Any]  # something that differs once it is dealt with


# What goes wrong -----------------------------------------------------------------------------------------------------


def owed(shop: Shop) -> Row:
    """Return a paid order whose codes went to somebody else before its money came."""
    order = queued(shop)
    path = f"orders/{public('ord', order.id)}/refunds"
    return Row("owed", path, lambda: shop.order(order).payment)


def queued(shop: Shop) -> Order:
    shop.codes(1)
    order = shop.place(at=clock.now() - LONG)
    assert shop.pay(shop.place())
    assert shop.pay(order)
    return order


def misfit(shop: Shop) -> Row:
    """Return money that came, but not what was due."""
    shop.codes(1)
    assert shop.pay(shop.place(), amount=1)
    notice = refused(shop)
    return Row("notices", f"notices/{public('ntc', notice.id)}/payback", lambda: len(shop.read(all_paybacks)))


def forged(shop: Shop) -> Row:
    """Return a notice that somebody else signed."""
    shop.codes(1)
    notice = shop.notice(shop.place())
    notice.key = "guessed"
    assert not notice.arrive()
    number = refused(shop).id
    return Row(
        "notices",
        f"notices/{public('ntc', number)}/dismissal",
        lambda: shop.read(lambda: db.get(Notice, number).cleared_at),
    )


def stuck(shop: Shop) -> Row:
    """Return a refund that the gateway would not pay."""
    shop.codes(1)
    order = shop.place()
    assert shop.pay(order)
    shop.write(lambda: refunding.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    (payback,) = shop.read(all_paybacks)
    ended = {"reason": "no money <left>", "now": clock.now()}
    shop.write(lambda: payments.record_payback(payback.id, PaybackState.REFUSED, **ended))  # type: ignore[arg-type]
    return Row(
        "stuck", f"paybacks/{public('pbk', payback.id)}/retry", lambda: [row.state for row in shop.read(all_paybacks)]
    )


def silent(shop: Shop) -> Row:
    """Return a payment of which the gateway did not say for a day whether it was made."""
    shop.codes(1)
    order = shop.place()
    shop.start(order)
    attempt = shop.read(lambda: paying.find_attempt(order.id))
    assert attempt
    mine = (effects.Effect.subject_id == attempt.id, effects.Effect.kind == paying.CLOSE)
    asked = shop.read(lambda: db.session().scalars(select(effects.Effect.id).where(*mine)).one())
    shop.write(lambda: db.changed(update(effects.Effect).where(*mine).values(state=effects.State.GIVEN_UP)))
    return Row("silent", f"effects/{public('eff', asked)}/retry", lambda: shop.read(lambda: effects.get(asked).state))


def all_paybacks() -> list[Payback]:
    return list(db.session().scalars(select(Payback)))


def refused(shop: Shop) -> Notice:
    query = select(Notice).where(Notice.state == NoticeState.REFUSED)
    return shop.read(lambda: db.session().scalars(query).one())


every_kind = pytest.mark.parametrize("make", [owed, misfit, forged, stuck, silent])


def press(browser: Browser, shop: Shop, row: Row, **form: str) -> Any:
    """Press the button of a row."""
    return browser.post(f"/office/{shop.slug}/{row.path}", form, page=f"/office/{shop.slug}/exceptions")


def exceptions(browser: Browser, shop: Shop) -> str:
    return str(browser.get(f"/office/{shop.slug}/exceptions").get_data(as_text=True))


def sections(page: str) -> list[str]:
    """Return which sections a page has."""
    return re.findall(r'<section id="([\w-]+)" class="card">', page)


def english(browser: Browser) -> Browser:
    browser.client.set_cookie("lang", "en")
    return browser


# One action a row ----------------------------------------------------------------------------------------------------


@every_kind
def test_alice_deals_with_it_and_it_leaves_the_list(shop: Shop, make: Callable[[Shop], Row]) -> None:
    row, alice = make(shop), people.alice(shop)
    before = row.done()
    page = exceptions(alice, shop)
    assert sections(page) == [row.name]
    assert page.count(f'action="/office/{shop.slug}/{row.path}"') == 1

    answer = press(alice, shop, row)

    assert (answer.status_code, answer.location) == (303, f"/office/{shop.slug}/exceptions")
    assert row.done() != before
    assert row.name not in sections(exceptions(alice, shop))


@every_kind
def test_the_same_button_pressed_again_changes_nothing_and_says_so(shop: Shop, make: Callable[[Shop], Row]) -> None:
    row, alice = make(shop), english(people.alice(shop))
    token = alice.token(f"/office/{shop.slug}/exceptions")
    form = {"csrf_token": token}
    path = f"/office/{shop.slug}/{row.path}"
    assert alice.client.post(path, data=form).status_code == 303
    before = row.done()

    answer = alice.client.post(path, data=form)

    if row.name == "silent":  # asking a gateway once more is no harm, and a second person may be as impatient
        assert answer.status_code == 303
    else:
        assert answer.status_code == 409
        assert "This was dealt with before." in words(answer) or "This order cannot be refunded." in words(answer)
    assert row.done() == before


@on_one_engine
@every_kind
def test_bob_who_may_only_look_sees_the_row_without_its_button(shop: Shop, make: Callable[[Shop], Row]) -> None:
    row, bob = make(shop), people.bob(shop)
    before = row.done()
    page = exceptions(bob, shop)

    answer = bob.post(f"/office/{shop.slug}/{row.path}", {}, page="/office/login")

    assert sections(page) == [row.name]
    assert row.path not in page
    assert answer.status_code == 403
    assert row.done() == before


@every_kind
def test_charlie_finds_nothing_of_it_neither_here_nor_in_his_own_shop(
    shop: Shop, other: Shop, make: Callable[[Shop], Row]
) -> None:
    row, charlie = make(shop), people.charlie(other)
    before = row.done()

    for slug in (shop.slug, other.slug):
        answer = charlie.post(f"/office/{slug}/{row.path}", {}, page="/office/login")
        assert answer.status_code == 404, slug
    assert row.done() == before
    assert sections(exceptions(charlie, other)) == []


@on_one_engine
@every_kind
def test_a_form_from_a_strange_page_does_nothing(shop: Shop, make: Callable[[Shop], Row]) -> None:
    row, alice = make(shop), people.alice(shop)
    before = row.done()

    assert alice.client.post(f"/office/{shop.slug}/{row.path}").status_code == 409
    assert row.done() == before


@on_one_engine
@pytest.mark.parametrize(
    "path",
    ["notices/ntc_x/payback", "notices/{}/dismissal", "paybacks/{}/retry", "effects/{}/retry", "orders/{}/refunds"],
)
def test_what_does_not_exist_is_not_found(shop: Shop, path: str) -> None:
    alice = people.alice(shop)
    prefix = {"notices": "ntc", "paybacks": "pbk", "effects": "eff", "orders": "ord"}[path.partition("/")[0]]

    answer = alice.post(f"/office/{shop.slug}/{path.format(public(prefix, new_id()))}", {}, page="/office/login")

    assert answer.status_code == 404


@on_one_engine
def test_forged_notices_send_no_money_and_misfit_money_is_not_dismissed_by_mistake(shop: Shop) -> None:
    row, alice = forged(shop), people.alice(shop)

    answer = press(alice, shop, Row(row.name, row.path.replace("dismissal", "payback"), row.done))

    assert answer.status_code == 404
    assert shop.read(all_paybacks) == []


# What the rows say ---------------------------------------------------------------------------------------------------


@on_one_engine
def test_when_all_is_well_the_page_says_so(shop: Shop) -> None:
    shop.codes(1)
    assert shop.pay(shop.place())

    page = exceptions(english(people.alice(shop)), shop)

    assert "Nothing needs you" in page
    assert sections(page) == []


@on_one_engine
def test_an_owed_order_tells_since_when_and_until_when(shop: Shop) -> None:
    order = shop.order(queued(shop))

    page = exceptions(english(people.alice(shop)), shop)

    assert order.paid_at
    times = re.findall(r'<time datetime="([^"]+)"', page)
    assert times == [order.paid_at.isoformat(), (order.paid_at + timedelta(hours=24)).isoformat()]


def test_an_order_of_which_a_code_was_seen_tells_why_there_is_no_button(shop: Shop) -> None:
    order, alice = half_seen(shop), english(people.alice(shop))

    page = exceptions(alice, shop)
    answer = press(alice, shop, Row("owed", f"orders/{public('ord', order.id)}/refunds", lambda: None))

    assert "A code was viewed" in page
    assert "/refunds" not in page
    assert answer.status_code == 409
    assert "A code in this order has already been viewed." in words(answer)
    assert shop.order(order).payment.name == "PAID"


def half_seen(shop: Shop) -> Order:
    """Return an order that got one code of two, which was looked at."""
    shop.codes(2)
    order = shop.place(2, at=clock.now() - LONG)
    assert shop.pay(shop.place())
    assert shop.pay(order)
    proof = entitlements.Proof("device", By("device"), "127.0.0.0/24", "tests")
    shop.write(lambda: entitlements.reveal(order.id, proof=proof, now=clock.now()))
    return order


@on_one_engine
def test_a_refused_notice_leads_to_the_order_it_spoke_of(shop: Shop) -> None:
    misfit(shop)

    page = exceptions(english(people.alice(shop)), shop)

    assert "the amount is not what was due" in page
    assert "CN¥0.01" in page
    assert re.search(rf'href="/office/{shop.slug}/orders/ord_\w+"', page)


@on_one_engine
def test_what_a_gateway_said_is_text(shop: Shop) -> None:
    stuck(shop)

    assert "no money &lt;left&gt;" in exceptions(people.alice(shop), shop)


@on_one_engine
def test_long_lists_are_cut_off_and_say_so(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    for _ in range(MOST + 1):
        notice = shop.notice(order)
        notice.key = "guessed"
        assert not notice.arrive()

    page = exceptions(english(people.alice(shop)), shop)

    assert page.count("/dismissal") == MOST
    assert f"The first {MOST} are shown." in page


@on_one_engine
@every_kind
def test_the_first_page_of_the_office_leads_there(shop: Shop, make: Callable[[Shop], Row]) -> None:
    make(shop)

    page = english(people.alice(shop)).get(f"/office/{shop.slug}/").get_data(as_text=True)
    waiting = page.split('<section id="waiting"')[1].split("</section>")[0]

    assert f'href="/office/{shop.slug}/exceptions"' in waiting
    assert "All is well" not in waiting


# On the page of the order --------------------------------------------------------------------------------------------


def test_alice_refunds_an_order_and_its_page_tells_how_far_the_money_is(market: Market) -> None:
    shop, alice = market.shop, english(people.alice(market.shop))
    shop.codes(1)
    order = shop.place()
    market.buy(order)
    path = f"/office/{shop.slug}/orders/{public('ord', order.id)}"
    assert "Give CN¥19.99 back" in words(alice.get(f"{path}/refund"))

    form = {"reason": "bought twice", "order": public("ord", order.id)}
    answer = alice.post(f"{path}/refunds", form, page=f"{path}/refund")
    under_way = words(alice.get(path))
    market.work()
    done = words(alice.get(path))

    assert (answer.status_code, answer.location) == (303, path)
    assert "Taken back, the money is on its way" in under_way
    assert "Reason: bought twice." in under_way
    assert "Give money back" not in under_way
    assert "The buyer has had all the money back since" in done
    assert "given back" in done
    assert "Taken back" in done  # the code's badge
    market.assert_books()


def test_a_stuck_refund_is_asked_for_again_from_the_page_of_its_order(market: Market) -> None:
    shop, alice = market.shop, english(people.alice(market.shop))
    row = stuck(shop)
    (refund,) = shop.read(lambda: list(db.session().scalars(select(refunds.Refund))))
    path = f"/office/{shop.slug}/orders/{public('ord', refund.order_id)}"
    assert "Taken back, but the money is stuck" in words(alice.get(path))

    form = {"order": public("ord", refund.order_id)}
    answer = alice.post(f"/office/{shop.slug}/{row.path}", form, page=path)

    assert (answer.status_code, answer.location) == (303, path)
    assert row.done() == [PaybackState.ASKED]


@on_one_engine
def test_a_reason_is_no_novel(shop: Shop) -> None:
    row, alice = owed(shop), english(people.alice(shop))
    before = row.done()

    assert press(alice, shop, row, reason="long" * 51).status_code == 422
    assert row.done() == before
    assert press(alice, shop, row, reason="long" * 50).status_code == 303


@on_one_engine
@pytest.mark.parametrize("order", ["//evil.example", "ord_x", "https://evil.example", ""])
def test_after_an_action_the_way_back_stays_in_the_shop(shop: Shop, order: str) -> None:
    answer = press(people.alice(shop), shop, forged(shop), order=order)

    assert answer.location == f"/office/{shop.slug}/exceptions"
