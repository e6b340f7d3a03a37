"""The trades and refunds of the site, in SQLite; every change is guarded by the state it leaves."""

import secrets
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass

SCHEMA = """
CREATE TABLE IF NOT EXISTS trade (
    trade_no TEXT PRIMARY KEY, out_trade_no TEXT UNIQUE NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL,
    name TEXT NOT NULL, fen INTEGER NOT NULL, notify_url TEXT NOT NULL, return_url TEXT NOT NULL, param TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0, added_at INTEGER NOT NULL, ended_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0, acknowledged INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS refund (
    refund_no TEXT PRIMARY KEY, out_refund_no TEXT UNIQUE, trade_no TEXT NOT NULL, fen INTEGER NOT NULL,
    at INTEGER NOT NULL, finished INTEGER NOT NULL
);
"""
UNPAID, PAID, CLOSED = 0, 1, 9
OPEN = """
INSERT INTO trade (trade_no, out_trade_no, version, type, name, fen, notify_url, return_url, param, added_at)
VALUES (:trade_no, :out_trade_no, :version, :type, :name, :fen, :notify_url, :return_url, :param, :added_at)
ON CONFLICT (out_trade_no) DO NOTHING
"""


@dataclass(frozen=True)
class Trade:
    """One payment as the site sees it."""

    trade_no: str
    out_trade_no: str
    version: int
    type: str
    name: str
    fen: int
    notify_url: str
    return_url: str
    param: str
    status: int
    added_at: int
    ended_at: int | None
    tries: int
    acknowledged: int

    @property
    def money(self) -> str:
        """Return the amount in yuan."""
        return f"{self.fen // 100}.{self.fen % 100:02}"


class Trades:
    """Keeps them; one caller at a time."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._rows.row_factory = sqlite3.Row
        self._rows.executescript(SCHEMA)

    def open(self, wish: Mapping[str, object]) -> Trade:
        """Return the one trade of this out_trade_no, made when it is new."""
        with self._lock:
            self._rows.execute(OPEN, {**wish, "trade_no": secrets.token_hex(10)})
            return self._find("out_trade_no", str(wish["out_trade_no"]))  # type: ignore[return-value]

    def find(self, trade_no: str = "", out_trade_no: str = "") -> Trade | None:
        """Return a trade by the site's number or the shop's; where both are named, they must be of one trade."""
        with self._lock:
            found = self._find("trade_no", trade_no) if trade_no else self._find("out_trade_no", out_trade_no)
        return found if found and out_trade_no in ("", found.out_trade_no) else None

    def end(self, trade_no: str, status: int, at: int, kind: str = "") -> bool:
        """Pay or close a waiting trade; False when somebody was faster."""
        with self._lock:
            return (
                self._rows.execute(
                    "UPDATE trade SET status = ?, ended_at = ?, type = CASE WHEN ? = '' THEN type ELSE ? END"
                    " WHERE trade_no = ? AND status = 0",
                    (status, at, kind, kind, trade_no),
                ).rowcount
                == 1
            )

    def repay(self, trade: Trade, fen: int, out_refund_no: str | None, at: int, finished: bool) -> sqlite3.Row | None:
        """Give money back while the trade holds as much; the same number again is the same refund."""
        with self._lock:
            known = self._refund(out_refund_no) if out_refund_no else None
            if known is None and trade.status == PAID and fen <= trade.fen - self._back(trade):
                number = secrets.token_hex(10)
                values = (number, out_refund_no, trade.trade_no, fen, at, finished)
                self._rows.execute("INSERT INTO refund VALUES (?, ?, ?, ?, ?, ?)", values)
                return self._one("SELECT * FROM refund WHERE refund_no = ?", number)
            return known

    def finish_refunds(self) -> None:
        """Let the refunds that were only accepted arrive."""
        with self._lock:
            self._rows.execute("UPDATE refund SET finished = 1")

    def find_refund(self, out_refund_no: str) -> sqlite3.Row | None:
        """Return a refund by the shop's number."""
        with self._lock:
            return self._refund(out_refund_no)

    def back(self, trade: Trade) -> int:
        """Return how much of a trade went back."""
        with self._lock:
            return self._back(trade)

    @property
    def kept(self) -> int:
        """Return how much money lies here, in fen."""
        with self._lock:
            paid = self._rows.execute("SELECT coalesce(sum(fen), 0) FROM trade WHERE status = 1").fetchone()[0]
            back = self._rows.execute("SELECT coalesce(sum(fen), 0) FROM refund").fetchone()[0]
            return int(paid) - int(back)

    def record_try(self, trade_no: str, acknowledged: bool) -> None:
        """Count one sending of a notice."""
        with self._lock:
            query = "UPDATE trade SET tries = tries + 1, acknowledged = max(acknowledged, ?) WHERE trade_no = ?"
            self._rows.execute(query, (acknowledged, trade_no))

    def untold(self) -> list[Trade]:
        """Return the paid trades whose shop has not answered `success` yet."""
        with self._lock:
            rows = self._rows.execute("SELECT * FROM trade WHERE status = 1 AND NOT acknowledged").fetchall()
        return [Trade(**dict(row)) for row in rows]

    def close(self) -> None:
        """Close the file; nothing may follow."""
        with self._lock:
            self._rows.close()

    def _find(self, column: str, value: str) -> Trade | None:
        row = self._one(f"SELECT * FROM trade WHERE {column} = ?", value)
        return Trade(**dict(row)) if row else None

    def _refund(self, out_refund_no: str) -> sqlite3.Row | None:
        return self._one("SELECT * FROM refund WHERE out_refund_no = ?", out_refund_no)

    def _back(self, trade: Trade) -> int:
        query = "SELECT coalesce(sum(fen), 0) FROM refund WHERE trade_no = ?"
        return int(self._rows.execute(query, (trade.trade_no,)).fetchone()[0])

    def _one(self, query: str, value: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._rows.execute(query, (value,)).fetchone()
        return row
