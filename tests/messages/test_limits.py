"""A number gets only so many one-time codes by SMS, whoever asks for them and whichever carrier is in order."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.kit import clock, db, http
from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.messages import carrying
from app.messages.models import DigitsSent
from app.messages.providers import Channel, Message
from tests.make import Shop
from tests.messages.carriers import connect_fake

PHONE = "+8613912345678"


def code(to: str = PHONE, about: str = "code") -> Message:
    return Message(new_id(), about, Secret(to), "zh", "", "", {"digits": "123456"})


def send(shop: Shop, message: Message, at: datetime, channel: Channel = Channel.SMS) -> Answer:
    ways = shop.read(lambda: carrying.lines(channel, now=at))
    with clock.running(lambda: at), http.Client() as client:
        return carrying.carry(message, ways, client).answer


def test_one_a_minute_five_an_hour_ten_a_day(shop: Shop) -> None:
    fake, start = connect_fake(shop, Channel.SMS), clock.now()
    taken = []
    for minute in range(25 * 60):
        at = start + timedelta(minutes=minute, seconds=1)
        if minute in (0, *range(1, 10), 60, 61, 62, 63, 64, 65, 23 * 60, 24 * 60 + 1):
            taken += [minute] if isinstance(send(shop, code(), at), Done) else []

    assert taken == [0, 1, 2, 3, 4, 60, 61, 62, 63, 64, 24 * 60 + 1]
    assert len(fake.sent) == 11


def test_two_in_a_minute_are_one_and_the_second_is_refused_with_the_reason(shop: Shop) -> None:
    fake, now = connect_fake(shop, Channel.SMS), clock.now()

    assert isinstance(send(shop, code(), now), Done)
    assert send(shop, code(), now + timedelta(seconds=59)) == Refused(carrying.TOO_OFTEN)
    assert isinstance(send(shop, code("+8613912345679"), now), Done), "another number does not wait"
    assert isinstance(send(shop, code(), now + timedelta(seconds=61)), Done)
    assert len(fake.sent) == 3


def test_the_same_code_may_be_tried_again_and_what_was_not_taken_counts_for_nothing(shop: Shop) -> None:
    fake, now = connect_fake(shop, Channel.SMS), clock.now()
    message = code()
    fake.answer = lambda _: Temporary("no answer")
    send(shop, message, now)
    fake.answer = lambda _: Unknown("cut off")
    assert isinstance(send(shop, code(), now), Unknown), "nothing was sent before"

    fake.answer = None
    assert send(shop, code(), now) == Refused(carrying.TOO_OFTEN), "it may have been sent"


def test_a_message_of_another_kind_or_channel_is_not_counted(shop: Shop) -> None:
    connect_fake(shop, Channel.SMS, "sms")
    connect_fake(shop, Channel.WECHAT, "wechat")
    now = clock.now()
    for _ in range(3):
        assert isinstance(send(shop, code(about="ready"), now), Done)
        assert isinstance(send(shop, code(), now, Channel.WECHAT), Done)


def test_numbers_are_not_kept_and_what_counts_no_more_is_forgotten(shop: Shop) -> None:
    connect_fake(shop, Channel.SMS)
    now = clock.now()
    for day in range(3):
        send(shop, code(), now + timedelta(days=2 * day))

    rows = shop.read(lambda: db.session().scalars(select(DigitsSent)).all())
    assert len(rows) == 1
    assert PHONE.encode() not in rows[0].to_index
    assert shop.read(lambda: db.session().scalar(select(func.count()).select_from(DigitsSent))) == 1
