"""Members are told in the shop what became of their orders, once, and never a code."""

import json

from sqlalchemy import select

from app.kit import clock, db
from app.kit.events import SYSTEM, EventRow
from app.members import queries, service
from app.members.models import InboxMessage
from app.orders.events import OrderDelivered
from app.orders.models import Order
from app.orders.rules import same_contact
from app.refunds import service as refunds
from app.wiring import LATER
from tests.make import Shop
from tests.members.people import Visitor, sell


def told(shop: Shop, visitor: Visitor) -> list[str]:
    listing = queries.inbox_of(visitor.present.id)
    return [
        row.about for row in shop.read(lambda: db.session().scalars(listing.query().order_by(InboxMessage.id)).all())
    ]


def test_what_arrives_and_what_goes_back_is_told_to_its_member_alone(shop: Shop) -> None:
    dora, bob = Visitor(shop).signs_in(), Visitor(shop).signs_in("bob@example.com")
    order = sell(shop)
    shop.drain()
    assert told(shop, dora) == ["ready"]

    shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    shop.drain()

    assert told(shop, dora) == ["ready", "refunded"]
    assert told(shop, bob) == []
    assert (dora.present.unread, bob.present.unread) == (2, 0)
    rows = shop.read(lambda: db.session().scalars(select(InboxMessage).order_by(InboxMessage.id)).all())
    assert rows[1].facts == {"amount": order.total_amount, "currency": "CNY"}


def test_an_account_made_later_is_told_of_what_comes_from_then_on(shop: Shop) -> None:
    sell(shop)
    shop.drain()
    dora = Visitor(shop).signs_in()
    sell(shop)
    shop.drain()

    assert told(shop, dora) == ["ready"]


def test_a_reaction_that_runs_twice_tells_once(shop: Shop) -> None:
    dora = Visitor(shop).signs_in()
    sell(shop)
    shop.drain()
    happened = select(EventRow.__table__).where(EventRow.merchant_id == shop.merchant_id)

    def again() -> None:
        rows = db.session().execute(happened.where(EventRow.name == OrderDelivered.name)).all()
        for reaction in LATER[OrderDelivered]:
            if reaction is service.note_ready:
                reaction(rows)  # type: ignore[arg-type]

    shop.write(again)

    assert told(shop, dora) == ["ready"]


def test_a_namesake_in_the_blind_index_is_told_nothing_and_owns_nothing(shop: Shop) -> None:
    assert same_contact("straße@example.com") == same_contact("strasse@example.com")
    visitor = Visitor(shop).signs_in("strasse@example.com")
    theirs, own = sell(shop, "straße@example.com"), sell(shop, "strasse@example.com")
    shop.drain()

    assert told(shop, visitor) == ["ready"]
    seen = visitor.present
    found = shop.read(lambda: queries.list_theirs([order_of(theirs), order_of(own)], seen))
    assert found == {own.id}
    assert not shop.read(lambda: queries.is_theirs(order_of(theirs), seen))


def order_of(order: Order) -> Order:
    return db.get(Order, order.id)


def test_reading_ends_at_what_the_page_showed(shop: Shop) -> None:
    dora = Visitor(shop).signs_in()
    sell(shop)
    shop.drain()
    shown = shop.read(lambda: db.session().scalars(select(InboxMessage.id)).one())
    sell(shop)
    shop.drain()

    member = dora.present.id
    shop.write(lambda: service.mark_read(member, until=shown, now=clock.now()))

    assert dora.present.unread == 1


def test_no_code_stands_in_the_inbox(shop: Shop) -> None:
    Visitor(shop).signs_in()
    order = sell(shop)
    shop.drain()

    rows = shop.read(lambda: db.session().scalars(select(InboxMessage)).all())
    assert [json.dumps(row.facts) for row in rows] == ["{}"]
    assert rows[0].order_id == order.id
