"""All processes use one access token: whoever needs a new one fetches it, the others wait for that."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.kit import clock, db
from app.kit.effects import Done, Temporary
from app.messages.models import Carrier, CarrierToken
from app.messages.providers import Channel
from app.messages.tokens import LEASE
from tests.make import Shop
from tests.messages.chats import Chats, carry, message, running

MANY = 8


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


def fetches(chats: Chats) -> int:
    return chats.desk.fetched.total()


def send_at_once(shop: Shop, count: int) -> list[object]:
    """Have messages carried by so many threads that begin together, as processes would."""
    barrier, answers = threading.Barrier(count), list[object]()

    def go(number: int) -> None:
        with shop.app.app_context():
            barrier.wait()
            answers.append(carry(shop, Channel.WECOM, message(f"person{number}")).answer)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_eight_who_find_no_token_fetch_one(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom")
    chats.desk.ail("slow", "wecom.token", seconds=0.3)

    answers = send_at_once(shop, MANY)

    assert all(isinstance(answer, Done) for answer in answers), answers
    assert fetches(chats) == 1
    assert len(chats.desk.sent_at("wecom.app")) == MANY


def test_eight_who_hold_a_token_that_is_over_fetch_one(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom")
    carry(shop, Channel.WECOM, message("person"))
    shop.write(lambda: db.changed(update(CarrierToken).values(expires_at=clock.now())))

    answers = send_at_once(shop, MANY)

    assert all(isinstance(answer, Done) for answer in answers), answers
    assert fetches(chats) == 2


def test_eight_whose_token_was_ended_elsewhere_fetch_one(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom")
    carry(shop, Channel.WECOM, message("person"))
    chats.desk.rotate()

    answers = send_at_once(shop, MANY)

    assert all(isinstance(answer, Done) for answer in answers), answers
    assert fetches(chats) == 2


@pytest.mark.parametrize("code", [40014, 42001])
def test_a_token_that_is_refused_once_is_fetched_once_more_and_the_message_leaves(
    shop: Shop, chats: Chats, code: int
) -> None:
    chats.connect(shop, "wecom")
    chats.desk.ail("answer", "wecom.app", code=code, times=1)

    assert isinstance(carry(shop, Channel.WECOM, message("person")).answer, Done)
    assert fetches(chats) == 2
    assert len(chats.desk.sent_at("wecom.app")) == 1


def test_a_token_that_is_refused_twice_is_not_fetched_a_third_time(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom")
    chats.desk.ail("answer", "wecom.app", code=40014)

    assert isinstance(carry(shop, Channel.WECOM, message("person")).answer, Temporary)
    assert fetches(chats) == 2
    assert shop.read(lambda: db.session().scalars(select(Carrier.alarm)).one()) == ""


def test_a_token_lies_sealed_and_is_no_longer_used_when_it_is_over(shop: Shop, chats: Chats) -> None:
    carrier = chats.connect(shop, "wecom")
    carry(shop, Channel.WECOM, message("person"))
    row = shop.read(lambda: db.get(CarrierToken, carrier.id))

    held = chats.desk.give(carrier.account).text
    assert held.encode() not in (row.sealed or held.encode())
    over = clock.now() + timedelta(seconds=7200)
    with clock.running(lambda: over):
        assert isinstance(carry(shop, Channel.WECOM, message("person2")).answer, Done)
    assert shop.read(lambda: db.get(CarrierToken, carrier.id)).edition == 2


def test_who_died_while_fetching_keeps_the_others_waiting_for_a_lease_only(shop: Shop, chats: Chats) -> None:
    carrier = chats.connect(shop, "wecom")
    died = clock.now()
    left = CarrierToken(carrier_id=carrier.id, edition=0, lease_until=died + LEASE)
    shop.write(lambda: db.session().add(left))

    with clock.running(lambda: died + LEASE):
        assert isinstance(carry(shop, Channel.WECOM, message("person")).answer, Done)
    assert fetches(chats) == 1


def test_a_wrong_secret_puts_the_carrier_out_of_order(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom", secret="0" * 40)

    carry(shop, Channel.WECOM, message("person"))

    assert shop.read(lambda: db.session().scalars(select(Carrier.alarm)).one()).startswith("40001")
