"""A buyer signs in by six digits: the first time makes the account, and one address is of one account."""

import pytest

from app.kit import clock, db
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM
from app.kit.onetime import CODE_TRIES
from app.members import service
from app.members.errors import DeadCode, NoCodesByPhone, NotAnAddress, TooManyCodes, WrongDigits
from app.members.models import MemberCode
from app.members.rules import SESSION_IDLE, Address, address_of
from app.members.service.signing import ASKED_PER_ADDRESS
from app.messages.queries import Channel
from tests.delivery.codes import passed
from tests.make import Shop, at_once, make_shop
from tests.members.people import DORA, PHONE, Visitor, count_members
from tests.messages.carriers import connect_fake


def test_the_first_sign_in_makes_the_account_and_the_second_finds_it(shop: Shop) -> None:
    at_home, on_the_way = Visitor(shop).signs_in(), Visitor(shop).signs_in(" Dora@Example.com ")

    assert at_home.present.id == on_the_way.present.id
    assert count_members(shop) == 1
    assert at_home.present.contact == "do***@example.com"


@pytest.mark.both_engines
def test_two_first_sign_ins_at_the_same_moment_make_one_account(shop: Shop) -> None:
    for round_ in range(8):
        contact = f"dora{round_}@example.com"
        visitors = [Visitor(shop).asks(contact) for _ in range(2)]

        said = at_once([lambda one=one: one.types(one.digits) for one in visitors])  # type: ignore[misc]

        assert all(isinstance(one, service.SignedIn) for one in said), said
        assert len({one.present.id for one in visitors}) == 1
        assert count_members(shop) == round_ + 1


def test_digits_work_in_the_browser_alone_that_asked(shop: Shop) -> None:
    asked = Visitor(shop).asks()
    thief = Visitor(shop).asks("thief@example.com")

    assert isinstance(thief.types(asked.digits), Invalid)
    assert isinstance(Visitor(shop).types(asked.digits), DeadCode)
    assert isinstance(asked.types(asked.digits), service.SignedIn)


def test_wrong_digits_are_counted_and_the_code_dies_of_five(shop: Shop) -> None:
    asked = Visitor(shop).asks()

    said = [asked.types(asked.wrong) for _ in range(CODE_TRIES)]

    left = [one.fields["digits"] for one in said if isinstance(one, Invalid)]
    assert [one.left for one in left if isinstance(one, WrongDigits)] == [4, 3, 2, 1]
    assert isinstance(said[-1], DeadCode)
    assert isinstance(asked.types(asked.digits), DeadCode)
    assert count_members(shop) == 0


def test_digits_work_once_and_for_ten_minutes(shop: Shop) -> None:
    once, late = Visitor(shop).signs_in(), Visitor(shop).asks()

    assert isinstance(once.types(once.digits), DeadCode)
    with passed(minutes=10, seconds=1):
        assert isinstance(late.types(late.digits), DeadCode)


def test_a_newer_code_ends_the_one_before(shop: Shop) -> None:
    asked = Visitor(shop).asks()
    before = asked.digits
    asked.asks()

    assert isinstance(asked.types(before), Invalid)
    assert isinstance(asked.types(asked.digits), service.SignedIn)


def test_one_address_is_written_to_so_often_and_no_more(shop: Shop) -> None:
    for number in range(ASKED_PER_ADDRESS):
        Visitor(shop, network=f"192.0.{number}.0/24").asks()

    with pytest.raises(TooManyCodes):
        Visitor(shop, network="198.51.100.0/24").asks(DORA.upper())
    Visitor(shop).asks("bob@example.com")


def test_a_phone_gets_its_digits_by_sms_where_the_shop_has_a_carrier(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        Visitor(shop).asks(PHONE)
    fake = connect_fake(shop, Channel.SMS)
    visitor = Visitor(shop).asks(PHONE)
    shop.drain()

    (message,) = fake.sent
    assert isinstance(refused.value.fields["contact"], NoCodesByPhone)
    assert message.to.expose() == "+8613800138000"
    assert message.values["digits"] == visitor.digits
    assert message.url == ""
    assert isinstance(visitor.types(visitor.digits), service.SignedIn)
    assert visitor.present.contact == "+86138****8000"


@pytest.mark.parametrize("contact", ["dora", "12345", "a@b", "straße@example.com", "0 800", "a@x.com,b@x.com"])
def test_what_is_no_address_or_might_be_two_is_refused(shop: Shop, contact: str) -> None:
    with pytest.raises(Invalid) as refused:
        Visitor(shop).asks(contact)
    assert isinstance(refused.value.fields["contact"], NotAnAddress)


def test_a_foreign_number_is_not_the_mainland_number_of_the_same_digits() -> None:
    mainland, foreign = address_of("13800138000"), address_of("+1 380 013 8000")

    assert mainland == Address(Channel.SMS, "+8613800138000")
    assert foreign == Address(Channel.SMS, "+13800138000")
    assert address_of("+86 138-0013-8000") == address_of("008613800138000") == mainland
    assert "138" not in repr(mainland)


def test_signing_in_anew_ends_the_session_before_it(shop: Shop) -> None:
    visitor = Visitor(shop).signs_in()
    copied = Visitor(shop, token=visitor.token)

    visitor.signs_in()

    assert visitor.seen
    assert copied.seen is None


def test_a_session_ends_at_once_alone_or_with_all_others(shop: Shop) -> None:
    here, there, elsewhere = (Visitor(shop, network=f"192.0.{number}.0/24") for number in range(3))
    for visitor in (here, there, elsewhere):
        visitor.signs_in()

    member, session = here.present.id, there.present.session_id
    shop.write(lambda: service.end_session(member, session, now=clock.now()))
    assert there.seen is None
    assert here.seen
    assert elsewhere.seen
    assert shop.write(lambda: service.end_all(member, now=clock.now(), by=SYSTEM)) == 2
    assert here.seen is elsewhere.seen is None


def test_nobody_ends_the_session_of_somebody_else(shop: Shop) -> None:
    dora, bob = Visitor(shop).signs_in(), Visitor(shop).signs_in("bob@example.com")

    member, session = bob.present.id, dora.present.session_id
    with pytest.raises(NotFound):
        shop.write(lambda: service.end_session(member, session, now=clock.now()))
    assert dora.seen


def test_a_session_that_lay_idle_is_over_and_one_in_use_is_not(shop: Shop) -> None:
    idle, used = Visitor(shop).signs_in(), Visitor(shop).signs_in()
    with passed(days=SESSION_IDLE.days - 1):
        shop.write(lambda: service.touch(used.token, now=clock.now()))

    with passed(days=SESSION_IDLE.days, minutes=1):
        assert idle.seen is None
        assert used.seen


def test_a_token_opens_nothing_in_another_shop(shop: Shop) -> None:
    other = make_shop(shop.app)
    visitor = Visitor(shop).signs_in()

    assert Visitor(other, token=visitor.token).seen is None


def test_an_old_code_is_forgotten_with_its_address(shop: Shop) -> None:
    first = Visitor(shop).asks()
    with passed(days=3):
        Visitor(shop).asks("bob@example.com")

    assert shop.read(lambda: db.find(MemberCode, first.asked[-1].id)) is None
