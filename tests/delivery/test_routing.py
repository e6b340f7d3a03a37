"""A buyer is told by the first channel that reaches them, and by the next one only when that certainly did not."""

from typing import Any

import pytest
from sqlalchemy import select

from app.delivery import service
from app.delivery.errors import AlreadySettled, NoAddress, NoChannelLeft
from app.delivery.models import NOBODY, About, Channel, Delivery, State
from app.delivery.plan import Plan
from app.delivery.service.reaching import Wanted
from app.kit import clock, db, events
from app.kit.effects import Answer, Refused, Temporary, Unknown
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.messages.providers import Later, OutOfOrder
from app.orders import queries as orders
from tests.delivery.codes import Asked
from tests.delivery.routes import DORA, PHONE, connect, later, learn, plan, receipt, rows, sell, states
from tests.make import Shop
from tests.smtp import MailServer

both = pytest.mark.both_engines
SMS, EMAIL, WECHAT = Channel.SMS, Channel.EMAIL, Channel.WECHAT


# Which way -------------------------------------------------------------------------------------------------------


def test_a_buyer_with_a_phone_is_told_by_sms_without_code_or_link(shop: Shop) -> None:
    fake = connect(shop, SMS)
    shop.imports("CANARY-IN-SMS-1")
    order = shop.place(contact=PHONE)
    assert shop.pay(order)
    shop.drain()

    (message,) = fake.sent
    assert message.to.expose() == "+8613800138000"
    assert message.values["number"] == order.number[-4:]
    assert (message.about, message.url) == ("ready", "")
    for secret in ("CANARY", "http", order.number):
        assert secret not in f"{message.title} {message.text} {message.values}"
    assert states(shop, order) == [(SMS, State.ACCEPTED)]
    assert shop.order(order).notified_at
    assert rows(shop, order)[0].link_id is None


def test_without_a_carrier_nobody_is_told_by_sms_and_nothing_fails(shop: Shop) -> None:
    order = sell(shop)
    shop.drain()

    assert states(shop, order) == []


def test_a_private_chat_may_hold_the_link_which_shows_a_mask_alone(shop: Shop, server: MailServer) -> None:
    fake = connect(shop, WECHAT)
    learn(shop, DORA, WECHAT)
    plan(shop, channels=(WECHAT, EMAIL))
    order = sell(shop, DORA)
    shop.drain()

    (message,) = fake.sent
    assert message.to.expose() == "openid-of-dora"
    path = message.url[message.url.index("/s/") :]
    page = shop.client().get(path)
    assert page.status_code == 200
    assert states(shop, order) == [(WECHAT, State.ACCEPTED)]
    assert server.letters == []


@pytest.mark.parametrize(("order", "first"), [((SMS, EMAIL), SMS), ((EMAIL, SMS), EMAIL)])
def test_the_shop_says_which_channel_is_asked_first(
    shop: Shop, server: MailServer, order: tuple[Channel, ...], first: Channel
) -> None:
    connect(shop, SMS)
    learn(shop, DORA, SMS, "+8613800138000")
    plan(shop, channels=order)

    assert [channel for channel, _ in states(shop, _told(shop, DORA))] == [first]


def test_what_the_shop_leaves_untold_is_not_told_but_to_who_asks(shop: Shop, server: MailServer) -> None:
    plan(shop, silent=frozenset({About.READY}))
    order = _told(shop, DORA)
    assert rows(shop, order) == []

    shop.write(lambda: service.send_link_again(order.id, now=clock.now(), by=SYSTEM))
    shop.drain()

    assert states(shop, order) == [(EMAIL, State.SENT)]


def test_a_plan_without_any_channel_is_refused(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        plan(shop, off=frozenset(Plan().channels))

    assert isinstance(refused.value.fields["off"], NoChannelLeft)


# When one fails --------------------------------------------------------------------------------------------------


@both
def test_what_is_refused_goes_by_the_next_channel(shop: Shop, server: MailServer) -> None:
    fake = connect(shop, SMS)
    fake.answer = lambda _: Refused("no such number")
    learn(shop, PHONE, EMAIL, DORA)
    plan(shop, channels=(SMS, EMAIL))
    order = _told(shop, PHONE)

    first, second = rows(shop, order)
    assert (first.channel, first.state, first.note) == (SMS, State.PASSED, "no such number")
    assert (second.channel, second.state, second.after_id) == (EMAIL, State.SENT, first.id)
    assert (first.after_id, second.source_id) == (NOBODY, first.source_id)
    assert [letter.to for letter in server.letters] == [(DORA,)]


@both
def test_a_letter_that_is_refused_goes_by_sms(shop: Shop, server: MailServer) -> None:
    fake = connect(shop, SMS)
    learn(shop, DORA, SMS, "+8613800138000")
    server.on_rcpt = lambda to: "550 no such mailbox"

    assert states(shop, _told(shop, DORA)) == [(EMAIL, State.PASSED), (SMS, State.ACCEPTED)]
    assert len(fake.sent) == 1


def test_when_all_channels_refuse_the_last_one_is_listed(shop: Shop, server: MailServer) -> None:
    connect(shop, SMS).answer = lambda _: Refused("no such number")
    learn(shop, PHONE, EMAIL, DORA)
    plan(shop, channels=(SMS, EMAIL))
    server.on_rcpt = lambda to: "550 no such mailbox"

    assert states(shop, _told(shop, PHONE)) == [(SMS, State.PASSED), (EMAIL, State.FAILED)]


@both
def test_what_may_have_arrived_goes_by_no_other_channel(shop: Shop, server: MailServer) -> None:
    fake = connect(shop, SMS)
    fake.answer = lambda _: Unknown("cut off")
    fake.query = lambda *_: Unknown("they cannot say")  # type: ignore[method-assign]
    learn(shop, PHONE, EMAIL, DORA)
    plan(shop, channels=(SMS, EMAIL))
    order = _told(shop, PHONE)
    with later(hours=25):
        shop.drain()
        (message,) = rows(shop, order)

    assert (message.channel, message.state) == (SMS, State.UNKNOWN)
    assert message.note
    assert server.letters == []

    other = shop.write(lambda: service.send_by(message.id, EMAIL, now=clock.now(), by=SYSTEM))
    shop.drain()
    assert other.after_id == message.id
    assert states(shop, order) == [(SMS, State.PASSED), (EMAIL, State.SENT)]
    with pytest.raises(AlreadySettled):
        shop.write(lambda: service.send_by(message.id, EMAIL, now=clock.now(), by=SYSTEM))


def test_nobody_is_told_by_a_channel_that_does_not_reach_them(shop: Shop) -> None:
    connect(shop, SMS).answer = lambda _: Refused("no such number")
    order = _told(shop, PHONE)
    (message,) = rows(shop, order)

    with pytest.raises(NoAddress):
        shop.write(lambda: service.send_by(message.id, EMAIL, now=clock.now(), by=SYSTEM))


@pytest.mark.parametrize("answer", [Temporary("busy"), Later("too many", 90.0)])
def test_carriers_that_rest_are_waited_for(shop: Shop, server: MailServer, answer: Answer) -> None:
    fake = connect(shop, SMS)
    fake.answer = lambda _: answer
    learn(shop, PHONE, EMAIL, DORA)
    plan(shop, channels=(SMS, EMAIL))
    order = _told(shop, PHONE)
    assert states(shop, order) == [(SMS, State.QUEUED)]
    fake.answer = None

    with later(minutes=5):
        shop.drain()
        assert states(shop, order) == [(SMS, State.ACCEPTED)]
    assert server.letters == []


def test_a_carrier_that_is_out_of_order_lets_the_next_channel_tell(shop: Shop, server: MailServer) -> None:
    connect(shop, SMS).answer = lambda _: OutOfOrder("no money left")
    learn(shop, PHONE, EMAIL, DORA)
    plan(shop, channels=(SMS, EMAIL))

    assert states(shop, _told(shop, PHONE)) == [(SMS, State.PASSED), (EMAIL, State.SENT)]
    assert states(shop, _told(shop, PHONE)) == [(EMAIL, State.SENT)], "nobody asks it until it is mended"


@both
def test_a_failure_that_is_recorded_twice_is_followed_once(shop: Shop, server: MailServer) -> None:
    from app.delivery.service import ending

    connect(shop, SMS)
    learn(shop, PHONE, EMAIL, DORA)
    plan(shop, channels=(SMS, EMAIL))
    order = sell(shop)
    events._relay_one(_turn(shop))
    (message,) = rows(shop, order)
    for _ in range(2):
        shop.write(lambda: ending.record_failed(message.id, reason="no", unknown=False, now=clock.now()))

    assert states(shop, order) == [(SMS, State.PASSED), (EMAIL, State.QUEUED)]


# Receipts --------------------------------------------------------------------------------------------------------


@both
def test_a_receipt_says_that_it_arrived_whatever_comes_after(shop: Shop) -> None:
    connect(shop, SMS)
    order = _told(shop, PHONE)
    (message,) = rows(shop, order)
    for arrived in (True, True, False):
        receipt(shop, message, arrived)

    (message,) = rows(shop, order)
    assert message.state is State.DELIVERED
    assert message.arrived_at
    names = [row.name for row in shop.read(lambda: events.timeline(order_id=order.id))]
    assert names.count("delivery.arrived") == 1


@both
def test_a_receipt_that_says_no_lets_the_next_channel_tell_once(shop: Shop, server: MailServer) -> None:
    connect(shop, SMS)
    learn(shop, PHONE, EMAIL, DORA)
    plan(shop, channels=(SMS, EMAIL))
    order = _told(shop, PHONE)
    message = rows(shop, order)[0]
    for _ in range(2):
        receipt(shop, message, arrived=False, reason="phone is off")
    shop.drain()

    assert states(shop, order) == [(SMS, State.PASSED), (EMAIL, State.SENT)]
    assert len(server.letters) == 1
    receipt(shop, message, arrived=True)  # it was only late
    assert states(shop, order)[0] == (SMS, State.DELIVERED)


@both
def test_a_receipt_that_comes_before_we_know_of_the_message_waits_for_it(shop: Shop) -> None:
    fake = connect(shop, SMS)
    order = sell(shop)
    events._relay_one(_turn(shop))
    (message,) = rows(shop, order)
    message.carrier_id = _carrier(shop)
    receipt(shop, message, arrived=True, number=message.id.hex)  # the name the fake gives it
    assert states(shop, order) == [(SMS, State.QUEUED)]
    shop.drain()

    assert states(shop, order) == [(SMS, State.DELIVERED)]
    assert len(fake.sent) == 1


def test_a_receipt_of_a_stranger_is_forgotten_after_a_while(shop: Shop) -> None:
    from app.delivery.ways import Handover

    connect(shop, SMS)
    message = rows(shop, _told(shop, PHONE))[0]
    receipt(shop, message, arrived=True, number="somebody else's")
    with later(hours=7):
        receipt(shop, message, arrived=True)
        left = shop.read(lambda: [row.number for row in db.session().scalars(select(Handover))])

    assert left == [message.number]


# At night --------------------------------------------------------------------------------------------------------


def test_what_happens_at_night_is_told_in_the_morning(shop: Shop) -> None:
    fake = connect(shop, SMS)
    minute = clock.now().hour * 60 + clock.now().minute + 8 * 60  # in Shanghai
    night = {"quiet_from": (minute - 60) % 1440, "quiet_to": (minute + 60) % 1440}
    plan(shop, **night, waiting=frozenset({About.READY}))
    order = _told(shop, PHONE)
    assert (fake.sent, states(shop, order)) == ([], [(SMS, State.QUEUED)])

    with later(minutes=61):
        shop.drain()
        (message,) = rows(shop, order)
    assert message.state is State.ACCEPTED
    assert message.left_pace is None, "what was to wait says nothing of how quick we are"


# What buyers do not want -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "told"),
    [(Wanted.ALL, [EMAIL]), (Wanted.NEEDED, [EMAIL]), (Wanted.NOTHING, [])],
)
def test_a_buyer_is_told_nothing_by_a_channel_they_turned_off(
    shop: Shop, server: MailServer, wanted: Wanted, told: list[Channel]
) -> None:
    _choose(shop, DORA, EMAIL, wanted)

    assert [channel for channel, _ in states(shop, _told(shop, DORA))] == told


def test_a_proof_of_a_new_address_ends_that_nothing_was_wanted_there(shop: Shop) -> None:
    _choose(shop, DORA, WECHAT, Wanted.NOTHING)
    learn(shop, DORA, WECHAT)
    index = shop.write(lambda: orders.contact_index(DORA))

    assert WECHAT in shop.read(lambda: service.ways_of(index))


# Codes by SMS ----------------------------------------------------------------------------------------------------


def test_a_code_by_sms_proves_a_phone_since_no_link_goes_there(shop: Shop) -> None:
    fake = connect(shop, SMS)
    order = _told(shop, PHONE)
    asked = Asked(shop, PHONE)
    shop.drain()

    (message,) = [each for each in fake.sent if each.about == "code"]
    assert message.values["digits"] == asked.digits
    assert asked.digits in message.text
    assert asked.types(asked.digits) is None
    assert asked.owns() == 1
    assert [row.about for row in rows(shop, order)] == [About.READY, About.CODE]


def test_a_code_goes_to_no_other_channel_when_the_first_fails(shop: Shop, server: MailServer) -> None:
    fake = connect(shop, SMS)
    learn(shop, PHONE, EMAIL, DORA)
    order = sell(shop)
    fake.answer = lambda _: Refused("no such number")
    Asked(shop, PHONE)
    shop.drain()

    assert [row.channel for row in rows(shop, order) if row.about is About.CODE] == [SMS]


# -----------------------------------------------------------------------------------------------------------------


def _told(shop: Shop, contact: str) -> Any:
    order = sell(shop, contact)
    shop.drain()
    return order


def _choose(shop: Shop, contact: str, channel: Channel, wanted: Wanted) -> None:
    index = shop.write(lambda: orders.contact_index(contact))
    shop.write(lambda: service.choose_wanted(index, channel, wanted, now=clock.now(), by=SYSTEM))


def _carrier(shop: Shop) -> Any:
    from app.messages.models import Carrier

    return shop.read(lambda: db.session().scalars(select(Carrier.id)).one())


def _turn(shop: Shop) -> Any:
    import time

    from app.kit.rounds import Turn

    return Turn(shop.merchant_id, time.monotonic() + 60)


def test_every_message_has_its_place_in_one_chain(shop: Shop) -> None:
    columns = {tuple(key.columns.keys()) for key in Delivery.__table__.constraints if hasattr(key, "columns")}  # type: ignore[attr-defined]

    assert ("merchant_id", "source_id", "channel") in columns
    assert ("merchant_id", "source_id", "after_id") in columns
