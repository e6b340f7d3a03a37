"""The contacts of an account: a second one is added by its own digits, one goes, and all go with the account."""

import pytest
from sqlalchemy import func, select

from app.delivery.service import reaching
from app.kit import clock, db
from app.kit.errors import NotFound
from app.members import queries, service
from app.members.errors import ContactTaken, HasOneAlready, LastContact, MoneyLeft
from app.members.models import InboxMessage, Member, MemberCode, MemberContact, MemberSession
from app.messages.queries import Channel
from app.orders import queries as orders
from tests.balances.person import Person
from tests.make import Shop
from tests.members.people import DORA, PHONE, Visitor, count_members, sell
from tests.messages.carriers import connect_fake


@pytest.fixture
def dora(shop: Shop) -> Visitor:
    connect_fake(shop, Channel.SMS)
    return Visitor(shop).signs_in()


def ways(shop: Shop, contact: str) -> dict[Channel, str]:
    found = shop.read(lambda: reaching.ways_of(orders.contact_index(contact)))
    return {channel: shop.read(lambda row=row: reaching.address_at(row)).expose() for channel, row in found.items()}  # type: ignore[misc]


def test_a_further_contact_brings_its_orders_and_a_way_to_tell_of_all(dora: Visitor, shop: Shop) -> None:
    by_mail, by_phone = sell(shop), sell(shop, PHONE)
    member_id = dora.present.id

    dora.asks(PHONE)
    said = dora.types(dora.digits)

    assert isinstance(said, service.SignedIn)
    assert (said.added, said.member_id, said.is_new) == (True, member_id, False)
    seen = dora.present
    assert {one.channel for one in seen.contacts} == {Channel.EMAIL, Channel.SMS}
    found = shop.read(lambda: queries.list_theirs([orders.get(by_mail.id), orders.get(by_phone.id)], seen))
    assert found == {by_mail.id, by_phone.id}
    assert ways(shop, DORA) == {Channel.SMS: "+8613800138000"}
    assert ways(shop, PHONE) == {Channel.EMAIL: DORA}


def test_adding_renews_the_session(dora: Visitor, shop: Shop) -> None:
    copied = Visitor(shop, token=dora.token)
    dora.asks(PHONE)
    dora.types(dora.digits)

    assert dora.seen
    assert copied.seen is None


def test_a_contact_with_an_account_of_its_own_is_not_taken_from_it(dora: Visitor, shop: Shop) -> None:
    other = Visitor(shop).signs_in(PHONE)
    dora.asks(PHONE)

    assert isinstance(dora.types(dora.digits), ContactTaken)
    assert other.present.id != dora.present.id
    assert len(dora.present.contacts) == 1


def test_an_account_has_one_contact_of_a_kind(dora: Visitor) -> None:
    with pytest.raises(HasOneAlready):
        dora.asks("other@example.com")


def test_digits_to_add_a_contact_sign_nobody_in_once_the_session_is_over(dora: Visitor, shop: Shop) -> None:
    dora.asks(PHONE)
    token, dora.token = dora.token, ""

    assert not isinstance(dora.types(dora.digits), service.SignedIn)
    assert Visitor(shop, token=token).seen
    assert count_members(shop) == 1


def test_a_contact_goes_with_the_way_it_opened_and_the_last_one_stays(dora: Visitor, shop: Shop) -> None:
    dora.asks(PHONE)
    dora.types(dora.digits)
    member, (mail, phone) = dora.present.id, dora.present.contacts

    shop.write(lambda: service.remove_contact(member, phone.id, now=clock.now()))

    assert ways(shop, DORA) == ways(shop, PHONE) == {}
    with pytest.raises(LastContact):
        shop.write(lambda: service.remove_contact(member, mail.id, now=clock.now()))
    assert [one.id for one in dora.present.contacts] == [mail.id]


def test_nobody_removes_the_contact_of_somebody_else(dora: Visitor, shop: Shop) -> None:
    bob = Visitor(shop).signs_in("bob@example.com")

    member, contact = bob.present.id, dora.present.contacts[0].id
    with pytest.raises(NotFound):
        shop.write(lambda: service.remove_contact(member, contact, now=clock.now()))


def test_a_deleted_account_keeps_nothing_of_its_person_and_the_orders_stay(dora: Visitor, shop: Shop) -> None:
    order = sell(shop)
    shop.drain()
    dora.asks(PHONE)
    dora.types(dora.digits)
    gone = dora.present.id

    shop.write(lambda: service.close(gone, now=clock.now()))

    assert dora.seen is None
    for table in (MemberContact, MemberSession, MemberCode, InboxMessage):
        rows = shop.read(lambda table=table: db.session().scalar(select(func.count()).select_from(table)))  # type: ignore[misc]
        assert not rows, table
    assert ways(shop, DORA) == {}
    closed = shop.read(lambda: db.get(Member, gone))
    assert closed.closed_at
    assert not closed.lang
    assert shop.order(order).contact_mask == "do***@example.com"
    assert Visitor(shop).signs_in().present.id != gone


def test_an_account_whose_balance_holds_money_stays(shop: Shop) -> None:
    visitor = Visitor(shop).signs_in()
    assert visitor.seen
    number = visitor.seen.id
    Person(shop, number).has(500)

    with pytest.raises(MoneyLeft):
        shop.write(lambda: service.close(number, now=clock.now()))

    assert visitor.seen is not None
