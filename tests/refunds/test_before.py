"""What was refunded whole before there were refunds in parts is told in parts by the migration."""

from flask_migrate import downgrade, upgrade

from app.finance import queries as finance
from app.kit import clock
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.refunds import queries as refunded
from app.refunds import service as refunds
from app.web.dispatch import Miaofa
from tests.make import make_shop


def test_refunds_of_before_are_told_in_parts(fresh: Miaofa) -> None:
    shop = make_shop(fresh)
    shop.codes(3)
    order, kept = shop.place(2), shop.place()
    assert shop.pay(order)
    assert shop.pay(kept)
    number = shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM)).id

    downgrade(revision="0014")
    upgrade()

    assert (shop.order(order).refunded_amount, shop.order(kept).refunded_amount) == (2 * 1999, 0)
    assert [tender.refunded for tender in shop.read(lambda: orders.list_tenders_of(order.id))] == [2 * 1999]
    parts = shop.read(lambda: refunded.list_parts_of([number]))[number]
    assert [(part.amount, part.seen) for part in parts] == [(1999, False)] * 2
    assert shop.read(finance.check_refunds) == []
