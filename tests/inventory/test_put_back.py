"""Codes that a refund set aside: staff sell them again or write them off, alone or all of a list; never a seen one."""

from functools import partial
from typing import Any

import pytest

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.models import State
from app.inventory import queries, service
from app.inventory.changes import Action
from app.inventory.errors import CodeStoodOtherwise
from app.inventory.models import Status
from app.kit import clock
from app.kit.events import SYSTEM
from app.ledger import queries as books
from app.refunds import service as refunds
from tests.inventory.life import account, change, code, codes_of, counts, events, now_known, sold
from tests.inventory.life import stock_is_worth_its_codes as worth
from tests.inventory.test_life import reveal
from tests.make import Shop


def test_a_code_set_aside_is_sold_again_and_who_waits_gets_it(shop: Shop) -> None:
    batch = shop.codes(1, cost=700)
    order, owned = sold(shop)
    shop.write(lambda: refunds.refund(order.id, reason="", **_known()))
    aside = owned.code_id
    assert aside
    assert counts(shop, batch) == {"quarantined": 1}
    other = shop.codes(1)
    last, waiting = codes_of(shop, other)[0], shop.place()
    shop.write(lambda: service.freeze(last.id, **now_known()))
    assert shop.pay(waiting)

    shop.write(lambda: service.put_back(aside, **now_known()))

    (served,) = shop.read(lambda: entitled.list_of_order(waiting.id))
    (before,) = shop.read(lambda: entitled.list_of_order(order.id))
    assert (served.code_id, before.code_id, before.state) == (aside, None, State.REVOKED)
    assert counts(shop, batch) == {"sold": 1}
    assert events(shop, aside)[-2:] == ["code.quarantined", "code.returned"]
    assert (account(shop, "expense:lost"), worth(shop)) == (0, True)
    assert not shop.read(books.check)
    with pytest.raises(CodeStoodOtherwise):
        shop.write(lambda: service.put_back(aside, **now_known()))


def test_what_a_buyer_saw_or_may_have_seen_is_never_put_back(shop: Shop) -> None:
    shop.codes(3)
    order, seen = sold(shop)
    reveal(shop, order)
    wish = refunds.Wish(order.id, "broken", even_seen=True)
    shop.write(lambda: refunds.take_back(wish, **_known()))
    _, replaced = sold(shop)
    shop.write(lambda: entitlements.replace(replaced.id, **now_known()))

    assert shop.read(lambda: queries.count_chosen(Action.RESTOCK, {})) == 0
    for old, status in ((seen.code_id, Status.VOID), (replaced.code_id, Status.QUARANTINED)):
        assert old
        with pytest.raises(CodeStoodOtherwise):
            shop.write(partial(service.put_back, old, **now_known()))
        assert code(shop, old).status is status


def test_all_of_a_list_is_put_back_and_what_was_written_off_stays_lost(shop: Shop) -> None:
    batch = shop.codes(4, cost=100)
    order = shop.place(3)
    assert shop.pay(order)
    lost = shop.read(lambda: entitled.list_of_order(order.id))[0].code_id
    shop.write(lambda: refunds.refund(order.id, reason="", **_known()))
    assert lost
    assert counts(shop, batch) == {"available": 1, "quarantined": 3}
    shop.write(lambda: service.void(lost, **now_known()))

    done = change(shop, Action.RESTOCK, {"status": "quarantined"})

    assert (done.done, done.amount, counts(shop, batch)) == (2, 0, {"available": 3, "void": 1})
    assert (account(shop, "expense:lost"), worth(shop)) == (100, True)
    again = shop.place(3)  # by another buyer, to whom nothing of the first one clings
    assert shop.pay(again)
    assert {item.state for item in shop.read(lambda: entitled.list_of_order(again.id))} == {State.READY}


def _known() -> dict[str, Any]:
    return {"now": clock.now(), "by": SYSTEM}
