"""A dispute about a payment stands where its order and its code are looked at, from its beginning to its end."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from app.kit import clock, db
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders.models import Order
from app.payments.models import Notice, NoticeState
from tests import people
from tests.inventory.life import codes_of, sold
from tests.make import Shop
from tests.web.office.test_code_life import of_code, page
from tests.web.office.test_refunding import page_of


def tell(shop: Shop, order: Order, reason: str, hours: int) -> None:
    """Let the gateway tell of a dispute some hours from now."""

    def put() -> None:
        (tender,) = orders.list_tenders_of(order.id)
        row: dict[str, Any] = {"tender_id": tender.id, "method_id": shop.method_id, "state": NoticeState.REFUSED}
        row |= {"merchant_id": shop.merchant_id, "id": new_id(), "trade_no": None, "amount": None, "currency": "CNY"}
        row |= {"reason": reason, "body": "", "at": clock.now() + timedelta(hours=hours), "reported_no": "dp_1"}
        db.session().execute(insert(Notice.__table__), [row | {"cleared_at": None, "detail": ""}])  # type: ignore[arg-type]

    shop.write(put)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_dispute_is_told_on_the_pages_of_its_order_and_its_code(shop: Shop) -> None:
    batch = shop.codes(2)
    order, _owned = sold(shop)
    other, _theirs = sold(shop)
    first, second = codes_of(shop, batch)
    alice = people.alice(shop)

    tell(shop, order, "disputed", 1)

    for path in (page_of(shop, order), of_code(shop, first)):
        said = page(alice, path)
        assert said.count("Payment disputed by the buyer") == 2  # above all, and at its place in what happened
        assert "Answer it at the gateway in time" in said
    assert "Refused" not in page(alice, page_of(shop, order))
    tell(shop, order, "dispute lost", 2)
    for path in (page_of(shop, order), of_code(shop, first)):
        said = page(alice, path)
        assert said.count("Dispute lost, the money is gone") == 2
        assert "Answer it at the gateway in time" not in said
    for path in (page_of(shop, other), of_code(shop, second)):
        assert "ispute" not in page(alice, path)
