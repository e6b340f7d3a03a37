"""Robots tell groups of the staff what notes tell: not too often, all of it, once, nothing that guests may not read."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.kit import clock, db
from app.kit.effects import Effect
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.messages import queries, service
from app.messages.models import Carrier, RobotNote
from app.messages.rules import BURST, PACE, discreet, free_at, spend
from tests.make import Shop
from tests.messages.chats import Chats, running

MINUTE = timedelta(minutes=1)
FEW: dict[str, Any] = {"left": 3, "limit": 5, "sku": "steam-50", "title": "Steam Card 50"}


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


def note(shop: Shop, kind: str = "stock.few", at: datetime | None = None, **facts: Any) -> None:
    """Leave a note."""
    known, now = {**FEW, **facts}, at or clock.now()
    shop.write(lambda: service.note(kind, subject=("sku", new_id()), facts=known, now=now))


def work(shop: Shop, at: datetime) -> None:
    """Let workers do what is due at a moment."""
    with clock.running(lambda: at):
        shop.drain()


def waiting(shop: Shop) -> int:
    return len(shop.read(lambda: db.session().scalars(select(RobotNote.note_id)).all()))


@pytest.mark.parametrize("name", ["wecom_robot", "dingtalk_robot"])
def test_a_note_is_told_to_the_group_with_where_to_look(shop: Shop, chats: Chats, name: str) -> None:
    chats.connect(shop, name)
    note(shop)
    shop.drain()

    (said,) = chats.said(name.replace("_", "."))
    assert "Steam Card 50" in said
    assert f"/office/{shop.slug}/notes" in said
    assert not waiting(shop)


def test_every_robot_tells_it_but_those_that_leave_it_out(shop: Shop, chats: Chats) -> None:
    silent, other = chats.connect(shop, "wecom_robot"), chats.connect(shop, "dingtalk_robot")
    shop.write(lambda: service.set_kinds(silent.id, silent=["stock.few"], now=clock.now(), by=SYSTEM))
    note(shop)
    note(shop, "transfer.told", number="A42", amount="19.99 CNY")
    shop.drain()

    (said,) = chats.said("wecom.robot")
    assert "A42" in said
    assert "Steam" not in said
    assert any("Steam" in said for said in chats.said("dingtalk.robot"))
    assert other.id != silent.id


def test_a_burst_is_told_in_one_message(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    for number in range(7):
        note(shop, title=f"Card {number}")
    shop.drain()

    (said,) = chats.said("wecom.robot")
    assert "7" in said.splitlines()[0]
    assert all(f"Card {number}" in said for number in range(7))


def test_of_a_long_burst_the_first_are_named_and_the_others_counted(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    for number in range(25):
        note(shop, title=f"Card {number}")
    shop.drain()

    (said,) = chats.said("wecom.robot")
    assert "Card 9" in said
    assert "Card 10" not in said
    assert "15" in said
    assert not waiting(shop)


def test_a_robot_never_says_more_than_eighteen_things_a_minute_and_leaves_nothing_out(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "dingtalk_robot")
    start = clock.now()
    for second in range(0, 120, 2):
        now = start + timedelta(seconds=second)
        note(shop, at=now, title=f"Card-{second}-")
        work(shop, now)
    work(shop, start + 3 * MINUTE)

    said = chats.desk.sent_at("dingtalk.robot")
    times = [message["at"] for message in said]
    assert max(sum(1 for other in times if at <= other < at + 60) for at in times) <= 18
    assert all(any(f"Card-{second}-" in message["said"] for message in said) for second in range(0, 120, 2))


@pytest.mark.parametrize(("name", "code", "seconds"), [("wecom_robot", 45009, 60), ("dingtalk_robot", 130101, 600)])
def test_a_robot_that_was_shut_up_waits_and_then_tells_all(
    shop: Shop, chats: Chats, name: str, code: int, seconds: int
) -> None:
    chats.connect(shop, name)
    place, start = name.replace("_", "."), clock.now()
    chats.desk.ail("answer", place, code=code, times=1)
    note(shop, title="First")
    work(shop, start + timedelta(seconds=1))
    note(shop, title="Second")
    work(shop, start + timedelta(seconds=seconds - 5))
    assert chats.said(place) == []

    work(shop, start + timedelta(seconds=seconds + 5))

    (said,) = chats.said(place)
    assert "First" in said
    assert "Second" in said


def test_a_robot_with_a_dead_key_raises_an_alarm_and_keeps_nothing_waiting(shop: Shop, chats: Chats) -> None:
    carrier = chats.connect(shop, "wecom_robot", key="0" * 32)
    note(shop)
    shop.drain()
    note(shop)
    shop.drain()

    (robot,) = shop.read(queries.list_robots)
    assert robot.carrier.alarm.startswith("93000")
    assert robot.waiting == 0
    shop.write(lambda: db.changed(update(Carrier).where(Carrier.id == carrier.id).values(alarm="", enabled=False)))
    note(shop)
    assert waiting(shop) == 0, "nor does one that is switched off"


def test_a_robot_that_cannot_be_reached_is_tried_again_and_says_it_once(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    chats.desk.ail("answer", "wecom.robot", code=-1, times=2)
    start = clock.now()
    note(shop)
    for second in (0, 10, 20, 30):
        work(shop, start + timedelta(seconds=second))

    assert len(chats.said("wecom.robot")) == 1


def test_what_is_not_told_within_a_day_is_left_at_that(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    chats.desk.ail("answer", "wecom.robot", code=-1)
    start = clock.now()
    note(shop)
    work(shop, start)
    work(shop, start + timedelta(hours=25))
    assert waiting(shop) == 0

    chats.desk.modes.clear()
    later = start + timedelta(hours=26)
    note(shop, at=later, title="New")
    work(shop, later + MINUTE)
    (said,) = chats.said("wecom.robot")
    assert "New" in said


def test_groups_read_no_phone_number_and_no_mail_address(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    note(shop, title="Card for dora@example.com", sku="+86 138-0013-8000", code="SECRET-CODE-1234", phone="13800138000")
    shop.drain()

    (said,) = chats.said("wecom.robot")
    assert not any(word in said for word in ("dora@example.com", "138-0013", "SECRET", "13800138000"))
    assert "Card for" in said


def test_notes_left_at_once_ask_for_one_message(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot")
    barrier = threading.Barrier(6)

    def leave(number: int) -> None:
        with shop.app.app_context():
            barrier.wait()
            note(shop, title=f"Card {number}")

    threads = [threading.Thread(target=leave, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = shop.read(lambda: db.session().scalars(select(Effect).where(Effect.kind == "messages.wecom_robot")).all())
    shop.drain()

    assert len(asked) == 1
    assert "6" in chats.said("wecom.robot")[0].splitlines()[0]


def test_the_bucket_lets_eighteen_out_in_any_minute(shop: Shop) -> None:
    now, spent, said = clock.now(), None, list[datetime]()
    for _ in range(100):
        now = free_at(spent, now)
        spent = spend(spent, now)
        said.append(now)

    assert said[BURST - 1] == said[0]
    assert said[BURST] == said[0] + PACE
    assert max(sum(1 for other in said if at <= other < at + MINUTE) for at in said) <= 18


def test_masks_leave_counts_and_order_numbers_alone(shop: Shop) -> None:
    assert discreet("Order 4217 of 12 codes") == "Order 4217 of 12 codes"
    assert discreet("call +86 138 0013 8000") == "call •••"
