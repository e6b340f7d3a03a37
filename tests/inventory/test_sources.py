"""Where goods come from: shared codes, codes made on sale, people; each part by its own source."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from app.catalog.models import Kind, Source
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.errors import ChoreGone, CodesFrozen, NotYours
from app.entitlements.models import State
from app.inventory import patterns
from app.inventory import service as inventory
from app.inventory.errors import CodeTaken, NotACode, NotShared, OutOfStock, SoldOut
from app.inventory.models import Batch, Code, Status
from app.inventory.patterns import parse
from app.kit import clock, crypto, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM, By, EventRow
from app.kit.ids import new_id
from app.ledger import queries as ledger
from app.orders import service as ordering
from app.orders.models import Closed, Fulfilment, Order, Part
from app.refunds import service as refunds
from tests.inventory import goods, pool
from tests.inventory.goods import owned, share, shared, variant
from tests.make import Shop, at_once
from tests.payments.market import Market
from tests.payments.market import market as market

READY, PROMISED, REVOKED = State.READY, State.PROMISED, State.REVOKED
ANNA, BO = By("user", new_id()), By("user", new_id())


def look(shop: Shop, order: Order) -> list[dict[str, str]]:
    """Open the codes of an order as its buyer does."""
    proof = entitlements.Proof("device", SYSTEM, "1.2.3.0/24", "test")
    openings = shop.write(lambda: entitlements.reveal(order.id, proof=proof, now=clock.now()))
    return [json.loads(secret.expose()) for secret in crypto.open([one.reveal for one in openings], by=SYSTEM)]


def far(shop: Shop, order: Order) -> Fulfilment:
    return shop.order(order).fulfilment


# Shared codes -------------------------------------------------------------------------------------------------------


def test_many_buy_the_same_code_and_each_opens_it(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    number = share(shop, sku, 3, text="SHARED-CODE-FOR-ALL-2026")
    first, second = shop.place(2, sku=sku), shop.place(sku=sku)

    assert shop.pay(first)
    assert shop.pay(second)

    assert [item.shared_id for item in owned(shop, first)] == [number] * 2
    assert look(shop, first) == [{"code": "SHARED-CODE-FOR-ALL-2026"}] * 2
    assert look(shop, second) == [{"code": "SHARED-CODE-FOR-ALL-2026"}]
    assert len(shop.read(lambda: entitled.list_looks(owned_now(second)))) == 1  # the others' looks are not told
    with pytest.raises(SoldOut):
        shop.place(sku=sku)
    assert (shared(shop, number).uses_left, goods.left(shop, sku)) == (0, 0)


def owned_now(order: Order) -> list[entitled.Entitlement]:
    return list(entitled.list_of_order(order.id))


def test_a_sale_goes_over_to_the_next_code_when_one_is_used_up(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    numbers = [share(shop, sku, 2), share(shop, sku, 2)]
    order = shop.place(3, sku=sku)

    assert shop.pay(order)

    assert [shared(shop, number).uses_left for number in numbers] == [0, 1]
    assert {item.state for item in owned(shop, order)} == {READY}


def test_uses_that_are_too_few_are_all_left(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    number = share(shop, sku, 2)

    with pytest.raises(OutOfStock) as refused:
        shop.place(3, sku=sku)

    assert (refused.value.left, shared(shop, number).uses_left) == (2, 2)


def test_an_order_that_is_not_paid_gives_its_uses_back(market: Market) -> None:
    shop = market.shop
    sku = variant(shop, Source.SHARED)
    number = share(shop, sku, 1)
    lost = shop.place(sku=sku)

    market.pass_time(minutes=16)
    other = shop.place(sku=sku)

    assert market.word(lost) == "expired"
    assert shop.pay(other)
    assert shop.pay(lost)  # money that comes all the same waits for the next use
    assert (market.word(other), market.word(lost)) == ("delivered", "queued")
    assert shared(shop, number).uses_left == 0
    share(shop, sku, 5)
    assert market.word(lost) == "delivered"


def test_a_cancelled_order_gives_its_uses_back(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    number, now = share(shop, sku, 2), clock.now()
    order = shop.place(2, sku=sku)

    for _ in range(2):
        shop.write(lambda: ordering.close_unpaid([order.id], how=Closed.CANCELLED, now=now))

    assert shared(shop, number).uses_left == 2


def test_a_hold_that_is_being_paid_does_not_lapse(market: Market) -> None:
    shop = market.shop
    sku = variant(shop, Source.SHARED)
    share(shop, sku, 1)
    order = shop.place(sku=sku)
    url = market.start(order)

    market.pass_time(minutes=16)
    with pytest.raises(SoldOut):
        shop.place(sku=sku)

    assert market.pay(url)
    market.bring()
    assert market.word(order) == "delivered"


def test_a_refund_gives_a_use_back_that_nobody_saw(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    number = share(shop, sku, 1, cost=300)
    order = shop.place(sku=sku)
    assert shop.pay(order)

    shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))

    assert (shared(shop, number).uses_left, owned(shop, order)[0].state) == (1, REVOKED)
    balances = {name: money.minor for name, money in shop.read(ledger.balances).items()}
    assert (balances["asset:stock CNY"], sum(balances.values())) == (300, 0)


def test_a_frozen_shared_code_is_neither_sold_nor_shown(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    number = share(shop, sku, 5)
    order = shop.place(sku=sku)
    assert shop.pay(order)

    shop.write(lambda: inventory.freeze_shared(number, frozen=True, now=clock.now(), by=SYSTEM))

    with pytest.raises(CodesFrozen):
        look(shop, order)
    with pytest.raises(SoldOut):
        shop.place(sku=sku)
    shop.write(lambda: inventory.freeze_shared(number, frozen=False, now=clock.now(), by=SYSTEM))
    assert len(look(shop, order)) == 1


def test_an_expired_shared_code_is_not_sold(market: Market) -> None:
    sku = variant(market.shop, Source.SHARED)
    share(market.shop, sku, 5, expires_on=pool.today() + timedelta(days=1))
    market.shop.place(sku=sku)

    market.pass_time(days=2)

    with pytest.raises(SoldOut):
        market.shop.place(sku=sku)


def test_a_shared_code_comes_in_once_and_only_where_codes_are_shared(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    share(shop, sku, 1, text="TWICE-THE-SAME-CODE")

    with pytest.raises(CodeTaken):
        share(shop, sku, 1, text="twice the same code")
    with pytest.raises(Invalid):
        share(shop, sku, 0)
    with pytest.raises(NotShared):
        share(shop, shop.sku, 1)


# Links --------------------------------------------------------------------------------------------------------------


def test_links_are_imported_as_they_are_and_nothing_else_is_a_link(shop: Shop) -> None:
    sku = variant(shop, Source.POOL, kind=Kind.LINK)

    batch = shop.imports("https://a.example/Ab-C?x=1\njavascript:alert(1)\nhttps://a.example/ab-C?x=1\nplain", sku=sku)

    assert pool.numbers(batch) == (2, 0, 0, 2)
    assert [row[2] for row in pool.issues(shop, batch)] == ["link", "link"]
    order = shop.place(sku=sku)
    assert shop.pay(order)
    assert look(shop, order) == [{"link": "https://a.example/Ab-C?x=1"}]


# Generated ----------------------------------------------------------------------------------------------------------


def test_a_code_is_made_when_it_is_sold(shop: Shop) -> None:
    sku = variant(shop, Source.GENERATED)
    order, other = shop.place(3, sku=sku), shop.place(2, sku=sku)

    assert shop.pay(order)
    assert shop.pay(other)

    texts = [said["code"] for said in look(shop, order) + look(shop, other)]
    assert len(set(texts)) == 5
    assert all(parse(goods.PATTERN).fits(text) for text in texts)
    codes = [
        code for code in shop.read(lambda: pool.rows(Code)) if code.sku_id == shop.read(lambda: goods.sku_of(sku)).id
    ]
    assert {code.status for code in codes} == {Status.SOLD}
    assert sorted(code.line for code in codes) == [1, 2, 3, 4, 5]
    (batch,) = shop.read(lambda: [row for row in pool.rows(Batch) if row.sku_id == codes[0].sku_id])
    assert batch.imported == 5
    assert goods.left(shop, sku) == 1000


def test_a_made_code_that_is_there_already_is_made_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sku = variant(shop, Source.GENERATED)
    texts = iter(["SAME-CODE", "SAME-CODE", "SAME-CODE", "OTHER-CODE"])
    monkeypatch.setattr(patterns.Pattern, "make", lambda self: next(texts))
    order = shop.place(2, sku=sku)

    assert shop.pay(order)

    assert {said["code"] for said in look(shop, order)} == {"SAME-CODE", "OTHER-CODE"}


def test_many_first_buyers_of_a_month_share_one_batch(shop: Shop) -> None:
    sku = variant(shop, Source.GENERATED)
    orders = [shop.place(sku=sku) for _ in range(6)]

    paid = at_once([lambda order=order: shop.pay(order) for order in orders])  # type: ignore[misc]

    assert paid == [True] * 6
    batches = shop.read(lambda: [row for row in pool.rows(Batch) if row.sku_id == goods.sku_of(sku).id])
    assert [batch.imported for batch in batches] == [6]


def test_codes_that_could_be_guessed_are_not_made(shop: Shop) -> None:
    sku = variant(shop, Source.GENERATED, pattern="MF-####")
    order = shop.place(sku=sku)

    assert shop.pay(order)

    assert far(shop, order) is Fulfilment.QUEUED


# By hand ------------------------------------------------------------------------------------------------------------


def by_hand(shop: Shop, quantity: int = 1, kind: Kind = Kind.ACCOUNT) -> Order:
    order = shop.place(quantity, sku=variant(shop, Source.MANUAL, kind=kind))
    assert shop.pay(order)
    return order


def finish(shop: Shop, chore: entitled.Chore, by: By, **values: str) -> None:
    shop.write(lambda: entitlements.finish_chore(chore.entitlement_id, values, now=clock.now(), by=by))


def chores(shop: Shop) -> list[entitled.Chore]:
    return list(shop.read(lambda: entitled.list_chores(limit=50)))


def test_what_is_paid_stands_on_the_worklist_until_somebody_has_done_it(shop: Shop) -> None:
    order = by_hand(shop, 2)
    first, second = chores(shop)
    assert (far(shop, order), {first.order_id, second.order_id}) == (Fulfilment.QUEUED, {order.id})

    shop.write(lambda: entitlements.take_chore(first.entitlement_id, now=clock.now(), by=ANNA))
    finish(shop, first, ANNA, account="anna@example.com", password="one-two")
    assert far(shop, order) is Fulfilment.PARTIAL
    finish(shop, second, BO, account="bo@example.com", password="three")

    assert (far(shop, order), chores(shop)) == (Fulfilment.DONE, [])
    assert {"account": "anna@example.com", "password": "one-two"} in look(shop, order)
    shop.drain()
    names = shop.read(lambda: [row.name for row in pool.rows(EventRow) if row.order_id == order.id])
    assert names.count("order.delivered") == 1


def test_who_has_taken_something_on_does_it_alone(shop: Shop) -> None:
    by_hand(shop)
    (chore,) = chores(shop)
    now = clock.now()
    shop.write(lambda: entitlements.take_chore(chore.entitlement_id, now=now, by=ANNA))

    with pytest.raises(NotYours):
        shop.write(lambda: entitlements.take_chore(chore.entitlement_id, now=now, by=BO))
    with pytest.raises(NotYours):
        finish(shop, chore, BO, account="x", password="y")

    shop.write(lambda: entitlements.leave_chore(chore.entitlement_id, now=now, by=BO))
    finish(shop, chore, BO, account="x", password="y")


def test_two_who_finish_the_same_give_one_thing(shop: Shop) -> None:
    order = by_hand(shop)
    (chore,) = chores(shop)

    jobs = [lambda name=name: finish(shop, chore, ANNA, account=name, password="y") for name in ("a1", "a2", "a3")]
    ended = at_once(jobs)

    assert sorted(type(one).__name__ for one in ended) == ["ChoreGone", "ChoreGone", "NoneType"]
    assert len(owned(shop, order)) == 1
    assert len(look(shop, order)) == 1


def test_what_is_no_code_or_known_already_is_refused_and_stays_to_be_done(shop: Shop) -> None:
    by_hand(shop, kind=Kind.LINK)
    (chore,) = chores(shop)

    with pytest.raises(NotACode):
        finish(shop, chore, ANNA, link="javascript:alert(1)")
    with pytest.raises(NotACode):
        finish(shop, chore, ANNA, link="")

    assert len(chores(shop)) == 1


def test_a_refund_takes_a_chore_off_the_list(shop: Shop) -> None:
    order = by_hand(shop)
    (chore,) = chores(shop)

    shop.write(lambda: refunds.refund(order.id, reason="cannot be supplied", now=clock.now(), by=ANNA))

    assert chores(shop) == []
    with pytest.raises(ChoreGone):
        finish(shop, chore, ANNA, account="x", password="y")


# Together -----------------------------------------------------------------------------------------------------------


def test_one_order_takes_each_part_from_its_own_source(shop: Shop) -> None:
    shop.codes(1)
    skus = [shop.sku, variant(shop, Source.SHARED), variant(shop, Source.GENERATED), variant(shop, Source.MANUAL)]
    share(shop, skus[1], 4)

    order = shop.place_lines(*((sku, 1) for sku in skus))
    assert shop.pay(order)

    assert sorted(item.state for item in owned(shop, order)) == [PROMISED, READY, READY, READY]
    parts = shop.read(lambda: list(db.session().scalars(select(Part).where(Part.order_id == order.id))))
    assert sorted(part.source for part in parts) == [Source.POOL, Source.SHARED, Source.GENERATED, Source.MANUAL]


def test_a_variant_does_not_change_where_it_comes_from(shop: Shop) -> None:
    with pytest.raises(Invalid):
        variant(shop, Source.GENERATED, kind=Kind.CARD)
    with pytest.raises(Invalid):
        variant(shop, Source.PRESALE)


STATEMENTS = {"sqlite": [10, 36, 17], "postgresql": [5, 27, 11]}  # placing, starting to pay, being paid


def test_an_order_of_plain_codes_asks_the_database_as_little_as_before(shop: Shop, engine: str) -> None:
    shop.codes(4)
    for _ in range(2):
        assert shop.pay(shop.place())  # what is remembered is remembered
    said: list[str] = []

    def listen(_c, _cursor, statement, *_):
        said.append(statement)

    event.listen(db.engine(), "before_cursor_execute", listen)
    try:
        order = shop.place()
        ends = [len(said)]
        shop.start(order)
        ends.append(len(said))
        assert shop.pay(order)
    finally:
        event.remove(db.engine(), "before_cursor_execute", listen)

    assert [ends[0], ends[1] - ends[0], len(said) - ends[1]] == STATEMENTS[engine.split("-")[0]]
