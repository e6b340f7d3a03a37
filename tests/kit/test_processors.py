"""Who stands back leaves the processors to others, but only while there are too few."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kit import processors

ROOM = 0.05
on_linux = pytest.mark.skipif(not Path("/proc/thread-self/schedstat").exists(), reason="this kernel does not tell")


@pytest.fixture
def one_processor() -> Iterator[int]:
    """Let this thread compute on one processor only."""
    all_of_them = os.sched_getaffinity(0)
    mine = max(all_of_them)
    os.sched_setaffinity(0, {mine})
    yield mine
    os.sched_setaffinity(0, all_of_them)


def compute(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@on_linux
def test_who_has_to_share_a_processor_stood_in_line(one_processor: int) -> None:
    busy = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True)\nwhile True: pass"
    before, began = processors.waited(), time.monotonic()
    with subprocess.Popen([sys.executable, "-c", busy, str(one_processor)], stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        compute(0.5)
        other.kill()

    assert processors.waited() - before > processors.CROWDED * (time.monotonic() - began)


@pytest.mark.parametrize(("in_line", "left"), [(0.02, ROOM), (0.005, 0.0)])
def test_room_is_left_to_a_crowd(in_line: float, left: float, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = [0.0]
    monkeypatch.setattr(processors, "waited", lambda: 7.0 + in_line)
    monkeypatch.setattr(time, "sleep", slept.append)

    processors.leave_room(7.0, took=0.1, at_most=ROOM)

    assert slept[-1] == left


def test_where_no_kernel_tells_there_is_no_crowd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("builtins.open", lambda *_, **__: (tmp_path / "none").open())

    assert processors.waited() == 0.0
