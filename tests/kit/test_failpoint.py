"""A failpoint does nothing until a test arms it; then it is told every place by name."""

from collections.abc import Iterator

import pytest

from app.kit import db, failpoint
from tests.kit import shelf
from tests.kit.outside import Killed, dying_at


@pytest.fixture
def reached() -> Iterator[list[str]]:
    reached: list[str] = []
    failpoint.arm(reached.append)
    yield reached
    failpoint.arm(None)


def test_an_unarmed_failpoint_is_nothing(merchant: int) -> None:
    failpoint.reach("anywhere", object())

    assert shelf.filled(merchant, 1)


def test_a_commit_is_surrounded_by_two_that_name_who_writes(merchant: int, reached: list[str]) -> None:
    shelf.filled(merchant, 1)
    shelf.look(merchant)

    assert reached == ["commit.before:tests.kit.shelf.filled", "commit.after:tests.kit.shelf.filled"]


def test_a_process_that_dies_before_the_commit_leaves_nothing(merchant: int) -> None:
    with pytest.raises(Killed), dying_at("commit.before"):
        shelf.filled(merchant, 1)

    assert shelf.look(merchant) == {}


def test_a_process_that_dies_after_the_commit_leaves_it_done_and_rings_no_bell(merchant: int) -> None:
    rung: list[str] = []

    def work() -> None:
        db.unit().after_commit.append(lambda: rung.append("rung"))
        shelf.put(1)

    with pytest.raises(Killed), dying_at("commit.after"):
        db.write(merchant, work)

    assert list(shelf.look(merchant).values()) == [1]
    assert rung == []
    assert not db.is_open()
