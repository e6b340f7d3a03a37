"""What the shop asks of SQLite; the other tests let it forget a power cut."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from app.kit import sqlite


@pytest.mark.parametrize(("asked", "told"), [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)])
def test_every_connection_keeps_what_it_commits_and_minds_its_keys(tmp_path: Path, asked: str, told: object) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    sqlite.prepare(engine)

    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {asked}").scalar() == told
    engine.dispose()


def test_patient_work_waits_while_others_write_and_no_longer(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with sqlite.turn(engine, patient=True):
        pass
    assert waited(engine, at_most=5.0) < 2.0  # nobody else was there

    begun, over = threading.Event(), threading.Event()
    writer = threading.Thread(target=write_until, args=(engine, begun, over))
    writer.start()
    assert begun.wait(5)
    try:
        assert waited(engine, at_most=0.3) >= 0.3  # somebody always is: the work goes on all the same
    finally:
        over.set()
        writer.join()


def waited(engine: Engine, *, at_most: float) -> float:
    began = time.monotonic()
    sqlite.leave_room(engine, at_most=at_most)
    return time.monotonic() - began


def write_until(engine: Engine, begun: threading.Event, over: threading.Event) -> None:
    while not over.is_set():
        with sqlite.turn(engine):
            begun.set()
            time.sleep(0.001)
