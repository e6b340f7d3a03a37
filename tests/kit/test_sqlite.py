"""What the shop asks of SQLite; the other tests let it forget a power cut."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from app.kit import sqlite


@pytest.mark.parametrize(("asked", "told"), [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)])
def test_every_connection_keeps_what_it_commits_and_minds_its_keys(tmp_path: Path, asked: str, told: object) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    sqlite.prepare(engine)

    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {asked}").scalar() == told
    engine.dispose()
