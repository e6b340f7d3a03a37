"""What was taken: each message with its end, in memory or in a file."""

import sqlite3
import threading
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True)
class Taken:
    """A message that was taken; `arrived` is None until it ended."""

    number: str
    vendor: str
    phone: str
    ours: str  # what the shop calls it: OutId, SessionContext
    text: str
    said: str
    for_codes: bool
    at: float
    ended_at: float | None = None
    arrived: bool | None = None
    told: bool = False


COLUMNS = [column.name for column in fields(Taken)]


class Book:
    """The messages, by any thread."""

    def __init__(self, file: Path | str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._rows.execute(f"CREATE TABLE IF NOT EXISTS taken ({', '.join(COLUMNS)}, UNIQUE (number))")

    def add(self, taken: Taken) -> None:
        """Keep a message."""
        self._run(f"INSERT INTO taken VALUES ({', '.join('?' * len(COLUMNS))})", *astuple(taken))

    def end(self, number: str, *, arrived: bool, at: float) -> Taken:
        """Let a message end; it ends once."""
        self._run(
            "UPDATE taken SET arrived = ?, ended_at = ? WHERE number = ? AND arrived IS NULL", arrived, at, number
        )
        return self.get(number)

    def get(self, number: str) -> Taken:
        """Return a message."""
        return self._find("number = ?", number)[0]

    def mark_told(self, number: str) -> None:
        """Remember that the shop has the receipt."""
        self._run("UPDATE taken SET told = 1 WHERE number = ?", number)

    def of_phone(self, vendor: str, phone: str) -> list[Taken]:
        """List the messages to a number, the newest first."""
        return self._find("vendor = ? AND phone = ? ORDER BY at DESC", vendor, phone)

    def newest(self, limit: int = 50) -> list[Taken]:
        """List the newest messages."""
        return self._find("1 ORDER BY at DESC LIMIT ?", limit)

    def untold(self) -> list[Taken]:
        """List the messages of which the shop has no receipt."""
        return self._find("NOT told ORDER BY at")

    def count(self, vendor: str, phone: str, *, for_codes: bool, since: float) -> int:
        """Count the messages to a number since a moment."""
        mine = [row for row in self.of_phone(vendor, phone) if row.at > since and row.for_codes == for_codes]
        return len(mine)

    def close(self) -> None:
        """Close the file; nothing may follow."""
        with self._lock:
            self._rows.close()

    def _find(self, where: str, *values: object) -> list[Taken]:
        with self._lock:
            rows = self._rows.execute(f"SELECT {', '.join(COLUMNS)} FROM taken WHERE {where}", values).fetchall()
        return [_read(row) for row in rows]

    def _run(self, query: str, *values: object) -> None:
        with self._lock:
            self._rows.execute(query, values)


def _read(row: tuple[object, ...]) -> Taken:
    taken = Taken(*row)  # type: ignore[arg-type]
    arrived = None if taken.arrived is None else bool(taken.arrived)
    return replace(taken, for_codes=bool(taken.for_codes), arrived=arrived, told=bool(taken.told))
