"""What Stripe remembers: its objects as JSON, what was answered under each key, and which events were told."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    json TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answer (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    asked TEXT NOT NULL,
    status INTEGER,
    body TEXT,
    PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS telling (
    event TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (event, endpoint)
);
"""
DAY = 24 * 3600

Thing = dict[str, Any]


class Book:
    """Keeps everything in one SQLite file, or in memory; one at a time inside `open`."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._rows = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._rows.executescript(SCHEMA)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let nobody else read or write in between; what fails leaves no trace."""
        with self._lock:
            outer = self._rows.in_transaction
            if not outer:
                self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if not outer:
                    self._rows.execute("ROLLBACK")
                raise
            if not outer:
                self._rows.execute("COMMIT")

    def put(self, account: str, kind: str, thing: Thing) -> Thing:
        """Keep an object, new or changed."""
        statement = (
            "INSERT INTO thing (id, account, kind, json) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET json = excluded.json"
        )
        with self.open():
            self._rows.execute(statement, (thing["id"], account, kind, json.dumps(thing)))
        return thing

    def find(self, account: str, kind: str, number: str) -> Thing | None:
        query = "SELECT json FROM thing WHERE id = ? AND account = ? AND kind = ?"
        with self.open():
            row = self._rows.execute(query, (number, account, kind)).fetchone()
        return json.loads(row[0]) if row else None

    def owner(self, number: str) -> str:
        """Return the account that an object belongs to, or nothing."""
        with self.open():
            row = self._rows.execute("SELECT account FROM thing WHERE id = ?", (number,)).fetchone()
        return str(row[0]) if row else ""

    def list_of(self, account: str, kind: str) -> list[Thing]:
        """List objects, newest first."""
        query = "SELECT json FROM thing WHERE account = ? AND kind = ? ORDER BY number DESC"
        with self.open():
            return [json.loads(row[0]) for row in self._rows.execute(query, (account, kind))]

    def begin(self, account: str, key: str, asked: str, at: int) -> tuple[str, int | None, str] | None:
        """Take a key for a request, or return what was asked and answered under it less than a day ago."""
        with self.open():
            self._rows.execute("DELETE FROM answer WHERE at <= ?", (at - DAY,))
            query = "SELECT asked, status, body FROM answer WHERE account = ? AND key = ?"
            row = self._rows.execute(query, (account, key)).fetchone()
            if row:
                return row[0], row[1], row[2]
            self._rows.execute("INSERT INTO answer VALUES (?, ?, ?, ?, NULL, NULL)", (account, key, at, asked))
        return None

    def end(self, account: str, key: str, answer: tuple[int, str] | None) -> None:
        """Keep the answer under a key; None forgets that it was ever used."""
        with self.open():
            if answer is None:
                self._rows.execute("DELETE FROM answer WHERE account = ? AND key = ?", (account, key))
            else:
                change = "UPDATE answer SET status = ?, body = ? WHERE account = ? AND key = ?"
                self._rows.execute(change, (*answer, account, key))

    def tell(self, event: str, endpoint: str) -> None:
        """Note that an endpoint must be told of an event."""
        with self.open():
            self._rows.execute("INSERT OR IGNORE INTO telling (event, endpoint) VALUES (?, ?)", (event, endpoint))

    def told(self, event: str, endpoint: str, *, done: bool) -> None:
        change = "UPDATE telling SET tries = tries + 1, done = max(done, ?) WHERE event = ? AND endpoint = ?"
        with self.open():
            self._rows.execute(change, (done, event, endpoint))

    def untold(self) -> list[tuple[str, str, int]]:
        """List the events that endpoints have not taken: event, endpoint, tries."""
        with self.open():
            query = "SELECT event, endpoint, tries FROM telling WHERE NOT done"
            return [(row[0], row[1], row[2]) for row in self._rows.execute(query)]

    def close(self) -> None:
        with self._lock:
            self._rows.close()
