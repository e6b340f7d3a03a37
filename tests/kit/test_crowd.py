"""Few threads of a process compute at once; those that wait let others in, and all give way to one that is alone."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from app.kit import crowd

PATIENCE = 5.0


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4 * crowd.AT_ONCE) as pool:
        yield pool


class Door:
    """What threads wait at until it is opened, and how many came so far."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)
        self.opened = threading.Event()

    def wait(self) -> None:
        self.came.release()
        assert self.opened.wait(PATIENCE)

    def await_all(self, count: int) -> None:
        for _ in range(count):
            assert self.came.acquire(timeout=PATIENCE)

    def has_one_more(self) -> bool:
        return self.came.acquire(timeout=0.05)


def start(threads: ThreadPoolExecutor, count: int, work: Callable[[], None]) -> list[Future[None]]:
    def compute() -> None:
        with crowd.at_work():
            work()

    return [threads.submit(compute) for _ in range(count)]


def end(all_of: list[Future[None]]) -> None:
    for each in all_of:
        each.result(PATIENCE)


def test_no_more_than_the_limit_compute_at_once_and_all_have_their_turn(threads: ThreadPoolExecutor) -> None:
    door = Door()
    every = start(threads, crowd.AT_ONCE + 2, door.wait)

    door.await_all(crowd.AT_ONCE)

    assert not door.has_one_more()
    door.opened.set()
    end(every)
    door.await_all(2)


def test_who_waits_for_something_else_lets_the_next_one_in(threads: ThreadPoolExecutor) -> None:
    turn, door = Door(), Door()

    def wait() -> None:
        with crowd.waiting():
            turn.wait()

    waiting = start(threads, crowd.AT_ONCE + 2, wait)
    turn.await_all(crowd.AT_ONCE + 2)

    computing = start(threads, crowd.AT_ONCE, door.wait)
    door.await_all(crowd.AT_ONCE)

    turn.opened.set()
    end(waiting)  # whoever comes back goes on at once, though all places are taken
    door.opened.set()
    end(computing)


def test_a_failure_leaves_its_place_to_others(threads: ThreadPoolExecutor) -> None:
    def fail() -> None:
        with crowd.waiting():
            raise ValueError("while waiting")

    for failed in start(threads, 2 * crowd.AT_ONCE, fail):
        with pytest.raises(ValueError, match="while waiting"):
            failed.result(PATIENCE)
    door = Door()
    door.opened.set()

    end(start(threads, crowd.AT_ONCE, door.wait))

    assert crowd._working == 0


def test_outside_of_work_waiting_changes_nothing() -> None:
    with crowd.waiting():
        assert crowd._working == 0
    assert crowd._working == 0


def test_all_give_way_to_one_that_computes_alone_and_it_does_not_wait_for_itself(threads: ThreadPoolExecutor) -> None:
    passed = threading.Event()

    def pass_by() -> None:
        crowd.give_way()
        passed.set()

    with crowd.alone():
        going = threads.submit(pass_by)
        crowd.give_way()
        assert not passed.wait(crowd.LONGEST_ALONE / 4)
    going.result(PATIENCE)


def test_what_takes_long_goes_on_beside_the_others(threads: ThreadPoolExecutor) -> None:
    with crowd.alone():
        time.sleep(crowd.LONGEST_ALONE)
        for each in [threads.submit(crowd.give_way) for _ in range(20)]:
            each.result(PATIENCE)
        began = time.monotonic()
        threads.submit(crowd.give_way).result(PATIENCE)
        assert time.monotonic() - began < crowd.LONGEST_ALONE


def test_who_computed_alone_leaves_nobody_waiting_after_a_failure(threads: ThreadPoolExecutor) -> None:
    with pytest.raises(ValueError, match="in its turn"), crowd.alone():
        raise ValueError("in its turn")

    threads.submit(crowd.give_way).result(crowd.LONGEST_ALONE / 2)
