"""What threads ask for at the same moment is done together, once each, and nobody waits for ever."""

import threading
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from app.kit import db, sqlite
from app.kit.gather import Gather
from tests.make import Shop

AnyGather = Gather[Any, Any, Any]


class Desk:
    """Somebody who works slowly and writes down which calls came together."""

    def __init__(self) -> None:
        self.served: list[tuple[Hashable, list[Any]]] = []
        self.open = threading.Event()
        self.asked = threading.Event()

    def together(self, key: Hashable, values: Sequence[Any]) -> Sequence[Any]:
        self.served.append((key, list(values)))
        self.asked.set()
        assert self.open.wait(5)
        if "broken" in values:
            raise RuntimeError("broken")
        return [ValueError("no") if value == "refused" else f"did {value}" for value in values]


def ask_all(gather: AnyGather, desk: Desk, values: Sequence[Any], key: str = "shop") -> list[Any]:
    """Let the first come alone, the others while it is served, and return what each was told."""

    def ask(value: Any) -> Any:
        try:
            return gather.ask(key, value)
        except BaseException as error:
            return type(error)

    with ThreadPoolExecutor(len(values)) as threads:
        first = threads.submit(ask, values[0])
        assert desk.asked.wait(5)
        rest = [threads.submit(ask, value) for value in values[1:]]
        while sum(map(len, gather._waiting.values())) < len(rest):
            threading.Event().wait(0.001)
        desk.open.set()
        return [each.result(5) for each in (first, *rest)]


def test_who_comes_alone_is_served_at_once() -> None:
    desk = Desk()
    desk.open.set()

    told = AnyGather(desk.together, most=10).ask("shop", 1)

    assert told == "did 1"
    assert desk.served == [("shop", [1])]


def test_those_who_come_meanwhile_are_served_together() -> None:
    desk = Desk()

    told = ask_all(AnyGather(desk.together, most=10), desk, list(range(6)))

    assert told == [f"did {value}" for value in range(6)]  # each its own answer
    assert [len(values) for _, values in desk.served] == [1, 4, 1]  # powers of two: few different statements
    assert sorted(value for _, values in desk.served for value in values) == list(range(6))


def test_no_more_than_the_most_are_served_at_once_and_all_are() -> None:
    desk = Desk()

    ask_all(AnyGather(desk.together, most=2), desk, list(range(6)))

    assert [len(values) for _, values in desk.served] == [1, 2, 2, 1]
    assert sorted(value for _, values in desk.served for value in values) == list(range(6))


def test_a_failure_is_told_to_those_it_hit_and_to_nobody_else() -> None:
    desk = Desk()

    told = ask_all(AnyGather(desk.together, most=1), desk, ["first", "broken", "last"])

    assert told == ["did first", RuntimeError, "did last"]


def test_one_may_be_refused_and_the_others_of_its_round_answered() -> None:
    desk = Desk()

    told = ask_all(AnyGather(desk.together, most=10), desk, ["first", "second", "refused", "third", "last"])

    assert told == ["did first", "did second", ValueError, "did third", "did last"]
    assert len(desk.served[1][1]) == 4


def test_another_key_does_not_wait() -> None:
    desk = Desk()
    gather = AnyGather(desk.together, most=10)
    slow = threading.Thread(target=gather.ask, args=("slow shop", 1))
    slow.start()
    assert desk.asked.wait(5)
    quick = threading.Thread(target=gather.ask, args=("quick shop", 2))

    quick.start()
    while len(desk.served) < 2:
        threading.Event().wait(0.001)
    desk.open.set()
    for thread in (slow, quick):
        thread.join(5)

    assert ("quick shop", [2]) in desk.served


def test_nothing_is_kept_of_those_who_were_served() -> None:
    desk = Desk()
    gather = AnyGather(desk.together, most=3)

    ask_all(gather, desk, list(range(5)))

    with pytest.raises(KeyError):
        gather._waiting["shop"]


def test_who_comes_while_a_round_waits_for_its_turn_to_write_goes_with_it(shop: Shop) -> None:
    served: list[list[int]] = []

    def together(merchant_id: int, values: Sequence[int]) -> list[int]:
        def work() -> list[int]:
            served.append(list(values))
            return list(values)

        return db.write(merchant_id, work)

    def ask(number: int) -> int:
        with shop.app.app_context():
            return gather.ask(shop.merchant_id, number)

    gather = Gather[int, int, int](together, most=4)
    with shop.app.app_context(), ThreadPoolExecutor(3) as threads:
        with sqlite.turn(db.engine()) if db.is_sqlite() else nullcontext():
            asked = [threads.submit(ask, number) for number in range(3)]
            while db.is_sqlite() and len(gather._waiting.get(shop.merchant_id, ())) < 3:
                threading.Event().wait(0.001)
        assert [each.result(5) for each in asked] == [0, 1, 2]

    assert sorted(number for values in served for number in values) == [0, 1, 2]
    if db.is_sqlite():
        assert len(served) == 1
