"""A unit is one transaction: all of it or nothing, one scope for life, never one inside another."""

import threading
import time
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.kit import crowd, db, processors, sqlite
from app.kit.ids import new_id
from app.kit.tenancy import System
from app.web.dispatch import Miaofa
from tests.engines import on_sqlite
from tests.kit import shelf
from tests.make import at_once


def test_a_write_is_there_for_the_next_unit(merchant: int) -> None:
    number = db.write(merchant, lambda: shelf.put(3))

    assert shelf.look(merchant) == {number: 3}


def test_a_read_keeps_nothing_of_what_it_changed(merchant: int) -> None:
    (number,) = shelf.filled(merchant, 3)

    def work() -> None:
        shelf.put()
        shelf.add(number, 7)

    db.read(merchant, work)

    assert shelf.look(merchant) == {number: 3}


def test_an_exception_leaves_nothing(merchant: int) -> None:
    (number,) = shelf.filled(merchant, 3)

    def half() -> None:
        shelf.put()
        shelf.add(number)
        raise LookupError("changed my mind")

    with pytest.raises(LookupError, match="changed my mind"):
        db.write(merchant, half)

    assert shelf.look(merchant) == {number: 3}


@pytest.mark.parametrize("outer", [db.read, db.write])
@pytest.mark.parametrize("inner", [db.read, db.write])
def test_units_do_not_nest(merchant: int, outer: Any, inner: Any) -> None:
    with pytest.raises(RuntimeError, match="do not nest"):
        outer(merchant, lambda: inner(merchant, shelf.put))

    assert not db.is_open()
    assert shelf.look(merchant) == {}


def test_outside_of_a_unit_there_is_no_session() -> None:
    with pytest.raises(RuntimeError, match="No unit is open"):
        db.session()


def test_a_unit_across_merchants_belongs_to_none(merchant: int) -> None:
    with pytest.raises(RuntimeError, match="belongs to none"):
        db.read(System("test"), db.merchant_id)


def test_hooks_run_after_the_commit_and_outside_of_the_unit(merchant: int) -> None:
    seen: list[Any] = []

    def work() -> None:
        db.unit().after_commit.append(lambda: seen.append((db.is_open(), shelf.look(merchant))))
        shelf.put(5, number=number)

    number = new_id()
    db.write(merchant, work)

    assert seen == [(False, {number: 5})]


def test_no_commit_no_hook(merchant: int) -> None:
    ran: list[str] = []

    def work(fault: bool) -> None:
        db.unit().after_commit.append(lambda: ran.append("after"))
        if fault:
            raise LookupError

    with pytest.raises(LookupError):
        db.write(merchant, lambda: work(True))
    db.read(merchant, lambda: work(False))

    assert ran == []


def test_a_hook_before_the_commit_can_still_stop_it(merchant: int) -> None:
    def stop() -> None:
        raise LookupError

    def work() -> None:
        shelf.put()
        db.unit().before_commit.append(stop)

    with pytest.raises(LookupError):
        db.write(merchant, work)

    assert shelf.look(merchant) == {}


def test_a_broken_rule_is_no_reason_to_try_again(merchant: int) -> None:
    (number,) = shelf.filled(merchant, 1)
    attempts: list[int] = []

    def twice() -> None:
        attempts.append(1)
        shelf.put(number=number)

    with pytest.raises(IntegrityError):
        db.write(merchant, twice)

    assert len(attempts) == 1


def test_who_stands_back_leaves_room_after_each_turn_it_had(merchant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []
    monkeypatch.setattr(db, "_stands_back", True)
    shared = sqlite if db.is_sqlite() else processors
    monkeypatch.setattr(shared, "leave_room", lambda *_, at_most, **__: left.append(at_most))

    def slow(seconds: float) -> None:
        shelf.put()
        time.sleep(seconds)

    db.write(merchant, lambda: slow(0.01))
    db.write(merchant, lambda: slow(0.1))
    db.write(merchant, lambda: None)
    shelf.look(merchant)

    assert len(left) == 2
    assert db.STEP * 0.01 <= left[0] <= left[1] == db.LONGEST_STEP


def test_patient_work_leaves_eight_times_the_room_it_took(merchant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []
    shared = sqlite if db.is_sqlite() else processors
    monkeypatch.setattr(shared, "leave_room", lambda *_, at_most, **__: left.append(at_most))

    with db.patient():
        pass
    with db.patient():
        time.sleep(0.05)

    assert len(left) == 1
    assert left[0] >= db.OTHERS_SHARE * 0.05


def test_sixteen_writers_at_once_all_arrive(merchant: int) -> None:
    (number,) = shelf.filled(merchant, 0)

    def count_ten() -> None:
        for _ in range(10):
            db.write(merchant, lambda: shelf.add(number))

    results = at_once([count_ten] * 16)

    assert results == [None] * 16
    assert shelf.look(merchant) == {number: 160}


@on_sqlite
def test_readers_of_a_process_pause_while_one_of_it_has_the_turn_to_write(
    app: Miaofa, merchant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "LONGEST_ALONE", 10.0)
    shelf.filled(merchant, 3)

    def read() -> None:
        with app.app_context():
            shelf.look(merchant)

    reader = threading.Thread(target=read)

    def work() -> None:
        shelf.put()
        reader.start()
        reader.join(0.3)
        assert reader.is_alive()

    db.write(merchant, work)
    reader.join(5)

    assert not reader.is_alive()
