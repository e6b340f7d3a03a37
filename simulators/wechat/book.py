"""What the gateway remembers: orders and refunds, in memory or in a file, changed under one lock."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Entry = dict[str, Any]


class Book:
    """Keeps entries by kind and number; a change is written down as soon as its block ends."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("CREATE TABLE IF NOT EXISTS entry (kind TEXT, number TEXT, said TEXT, UNIQUE(kind, number))")
        self._entries: dict[tuple[str, str], Entry] = {
            (kind, number): json.loads(said) for kind, number, said in self._file.execute("SELECT * FROM entry")
        }

    @contextmanager
    def page(self) -> Iterator[None]:
        """Let nobody else read or write for the length of a block."""
        with self._lock:
            yield

    def find(self, kind: str, number: str) -> Entry | None:
        """Return one entry, or None."""
        with self._lock:
            found = self._entries.get((kind, number))
            return dict(found) if found else None

    def find_by(self, kind: str, name: str, value: object) -> Entry | None:
        """Return the entry of which something is known."""
        return next((entry for entry in self.all(kind) if entry.get(name) == value), None)

    def all(self, kind: str) -> Sequence[Entry]:
        """Return all entries of a kind, oldest first."""
        with self._lock:
            return [dict(entry) for (of, _), entry in self._entries.items() if of == kind]

    def put(self, kind: str, number: str, entry: Entry) -> None:
        """Keep an entry as it is now."""
        with self._lock:
            self._entries[kind, number] = dict(entry)
            self._file.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", (kind, number, json.dumps(entry)))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
