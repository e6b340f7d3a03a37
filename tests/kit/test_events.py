"""What happened is a row in the unit in which it happened, with one outbox row, or it did not happen."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from app.kit import clock, db, events
from app.kit.events import SYSTEM, By, EventRow, Outbox
from app.kit.ids import new_id
from app.kit.secret import Secret
from tests.kit import shelf
from tests.kit.lamps import LampLit, light, lit, recorded, waiting, wired


def test_an_event_goes_down_with_its_outbox_row_and_all_it_says(merchant: int) -> None:
    user, order, lamp, at = By("user", new_id()), new_id(), new_id(), clock.now()
    event = LampLit(subject_id=lamp, order_id=order, at=at, by=user, colour="red")

    number = db.write(merchant, lambda: events.publish(event))[0]

    (row,) = db.read(merchant, lambda: events.timeline(order_id=order))
    assert (row.id, row.at, row.name, row.subject_type, row.subject_id) == (number, at, "lamp.lit", "lamp", lamp)
    assert (row.actor_type, row.actor_id, row.data, row.v) == ("user", user.id, {"colour": "red"}, 1)
    assert len(row.salt) == 16
    (outbox,) = waiting(merchant).values()
    assert (outbox.event_id, outbox.due_at, outbox.attempts) == (number, at, 0)


def test_what_is_rolled_back_did_not_happen(merchant: int) -> None:
    def undone() -> None:
        light()
        raise LookupError

    with pytest.raises(LookupError):
        db.write(merchant, undone)

    assert recorded(merchant) == []
    assert waiting(merchant) == {}


def test_an_outbox_row_that_cannot_go_down_takes_everything_with_it(merchant: int) -> None:
    first = lit(merchant)[0]

    def work() -> None:
        shelf.put()
        light()
        db.unit().last[Outbox.__table__][0]["event_id"] = first  # an id that is taken

    with pytest.raises(DBAPIError):
        db.write(merchant, work)

    assert shelf.look(merchant) == {}
    assert recorded(merchant) == list(waiting(merchant)) == [first]


def test_a_reaction_of_now_runs_in_the_unit_and_its_rows_stay_with_it(merchant: int) -> None:
    seen: list[Any] = []

    def react(happened: Any) -> None:
        seen.append((db.unit(), db.merchant_id(), [event.colour for event in happened]))
        shelf.put(4)

    def work() -> Any:
        light(colour="red")
        return db.unit()

    with wired(now={LampLit: (react,)}):
        unit = db.write(merchant, work)

    assert seen == [(unit, merchant, ["red"])]
    assert list(shelf.look(merchant).values()) == [4]


def test_a_reaction_of_now_that_breaks_leaves_neither_the_event_nor_what_caused_it(merchant: int) -> None:
    def react(_: Any) -> None:
        shelf.put()
        raise LookupError

    def work() -> None:
        shelf.put()
        light()

    with wired(now={LampLit: (react,)}), pytest.raises(LookupError):
        db.write(merchant, work)

    assert (recorded(merchant), waiting(merchant), shelf.look(merchant)) == ([], {}, {})


def test_a_reaction_of_later_does_not_run_now(merchant: int) -> None:
    ran: list[Any] = []

    with wired(later={LampLit: (ran.append,)}):
        lit(merchant)

    assert ran == []


def test_many_events_of_one_unit_keep_their_order(merchant: int) -> None:
    numbers = lit(merchant, 30)

    assert recorded(merchant) == numbers
    assert sorted(waiting(merchant)) == sorted(numbers)


def test_the_timeline_of_a_subject_is_its_own_oldest_first(merchant: int, stranger: int) -> None:
    lamp, now = new_id(), clock.now()
    for minutes in (3, 1, 2):
        later = LampLit(subject_id=lamp, at=now + timedelta(minutes=minutes), colour=minutes)
        db.write(merchant, lambda event=later: events.publish(event))  # type: ignore[misc]
    lit(merchant)

    told = db.read(merchant, lambda: events.timeline(subject=("lamp", lamp)))

    assert [row.data["colour"] for row in told] == [1, 2, 3]
    assert db.read(stranger, lambda: events.timeline(subject=("lamp", lamp))) == []


@pytest.mark.parametrize("fact", [Secret("CANARY"), threading.Lock(), b"bytes", {1, 2}])
def test_what_has_no_place_in_an_event_stops_the_unit(merchant: int, fact: object) -> None:
    with pytest.raises(TypeError, match="no place in an event"):
        db.write(merchant, lambda: light(colour=fact))

    assert recorded(merchant) == []


def test_events_of_one_call_get_ids_in_their_order_even_when_they_say_the_same(merchant: int) -> None:
    same = LampLit(subject_id=new_id(), at=clock.now(), colour={"facts": ["that", "no", "set", "could", "hold"]})

    numbers = db.write(merchant, lambda: events.publish(same, same))

    assert len(set(numbers)) == 2
    assert recorded(merchant) == numbers


def test_ids_and_moments_are_kept_as_text(merchant: int) -> None:
    number, at = new_id(), clock.now()

    db.write(merchant, lambda: light(colour={"id": number, "at": at}))

    (number_of_event,) = recorded(merchant)
    row = db.read(merchant, lambda: db.get(EventRow, number_of_event))
    assert row.data == {"colour": {"id": str(number), "at": at.isoformat()}}
    assert (row.actor_type, row.actor_id) == (SYSTEM.type, None)


@pytest.mark.parametrize("change", [update(EventRow).values(v=2), delete(EventRow)], ids=["update", "delete"])
def test_what_happened_is_never_changed(merchant: int, change: Any) -> None:
    (number,) = lit(merchant)

    with pytest.raises(DBAPIError, match=r"insert-only|permission denied"):
        db.write(merchant, lambda: db.session().execute(change))

    assert db.read(merchant, lambda: db.get(EventRow, number)).name == "lamp.lit"
