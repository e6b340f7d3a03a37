"""A message goes by the first carrier of its channel that is in order, and none that is broken is asked again."""

from datetime import timedelta

import pytest

from app.kit import clock, http
from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.messages import carrying
from app.messages.carrying import Trip
from app.messages.providers import Channel, Later, Message, OutOfOrder
from tests.engines import on_one_engine
from tests.make import Shop
from tests.messages.carriers import connect_fake

pytestmark = on_one_engine


def message() -> Message:
    return Message(new_id(), "ready", Secret("+8613800138000"), "zh", "Ready", "Order 42 is ready")


def carry(shop: Shop) -> Trip:
    ways = shop.read(lambda: carrying.lines(Channel.SMS, now=clock.now()))
    with http.Client() as client:
        trip = carrying.carry(message(), ways, client)
    shop.write(lambda: carrying.record_faults(trip.faults, now=clock.now()))
    return trip


def test_the_first_carrier_has_it_and_says_under_which_number(shop: Shop) -> None:
    first, second = connect_fake(shop, Channel.SMS, "first"), connect_fake(shop, Channel.SMS, "second")

    trip = carry(shop)

    assert isinstance(trip.answer, Done)
    assert trip.number == first.sent[0].key.hex
    assert not second.sent


@pytest.mark.parametrize("answer", [OutOfOrder("no money left"), Later("too many", 90.0)])
def test_the_next_one_takes_over_from_a_carrier_that_cannot(shop: Shop, answer: Answer) -> None:
    first, second = connect_fake(shop, Channel.SMS, "first"), connect_fake(shop, Channel.SMS, "second")
    first.answer = lambda _: answer

    assert isinstance(carry(shop).answer, Done)
    assert len(second.sent) == 1
    assert len(shop.read(lambda: carrying.lines(Channel.SMS, now=clock.now()))) == 1, "the first is left alone now"


def test_a_carrier_that_rests_is_asked_again_afterwards_and_a_broken_one_is_not(shop: Shop) -> None:
    resting, broken = connect_fake(shop, Channel.SMS, "first"), connect_fake(shop, Channel.SMS, "second")
    resting.answer, broken.answer = lambda _: Later("too many", 90.0), lambda _: OutOfOrder("no money left")

    assert isinstance(carry(shop).answer, Refused)

    later = clock.now() + timedelta(seconds=91)
    assert [way.provider for way in shop.read(lambda: carrying.lines(Channel.SMS, now=later))] == ["first"]


@pytest.mark.parametrize("answer", [Temporary("no answer"), Unknown("cut off"), Refused("no such number")])
def test_what_may_have_arrived_or_is_the_messages_own_fault_goes_to_no_other(shop: Shop, answer: Answer) -> None:
    first, second = connect_fake(shop, Channel.SMS, "first"), connect_fake(shop, Channel.SMS, "second")
    first.answer = lambda _: answer

    assert carry(shop).answer == answer
    assert not second.sent


def test_without_a_carrier_it_is_refused_so_that_another_channel_may_follow(shop: Shop) -> None:
    assert carry(shop).answer == Refused(carrying.NO_CARRIER)


def test_a_party_that_takes_approved_texts_only_is_not_given_another(shop: Shop) -> None:
    fake = connect_fake(shop, Channel.SMS)
    fake.needs_template = True
    odd = Message(new_id(), "unheard", Secret("+8613800138000"), "zh", "", "")
    ways = shop.read(lambda: carrying.lines(Channel.SMS, now=clock.now()))
    with http.Client() as client:
        assert carrying.carry(odd, ways, client).answer == Refused(carrying.NO_TEMPLATE)
    assert not fake.sent
