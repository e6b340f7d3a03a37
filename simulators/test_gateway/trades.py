"""The trades of the gateway: one table, in memory or in a file, behind one lock."""

import secrets
import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from simulators.test_gateway.wire import Start

SCHEMA = """
CREATE TABLE IF NOT EXISTS trade (
    trade_no TEXT PRIMARY KEY,
    merchant_no TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    subject TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    return_url TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'paid', 'cancelled')),
    settled_at INTEGER CHECK ((settled_at IS NULL) = (status = 'waiting')),
    tries INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    UNIQUE (merchant_no, out_trade_no)
)
"""
BY_NUMBER = "SELECT * FROM trade WHERE trade_no = :trade_no"
BY_ORDER = "SELECT * FROM trade WHERE merchant_no = :merchant_no AND out_trade_no = :out_trade_no"
UNTOLD = "SELECT * FROM trade WHERE status = 'paid' AND NOT acknowledged"


@dataclass(frozen=True)
class Trade:
    """One payment as the gateway sees it."""

    trade_no: str
    merchant_no: str
    out_trade_no: str
    amount: int
    currency: str
    subject: str
    notify_url: str
    return_url: str
    status: Literal["waiting", "paid", "cancelled"]
    settled_at: int | None
    tries: int
    acknowledged: int

    @property
    def paid_at(self) -> str | None:
        """Return when it was paid, RFC 3339 in UTC, or None."""
        if self.status != "paid" or self.settled_at is None:
            return None
        return datetime.fromtimestamp(self.settled_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Trades:
    """Keeps every trade; one caller at a time, each change guarded by the state it leaves."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute(SCHEMA)

    def open(self, start: Start) -> Trade:
        """Return the one trade of this order number, renewed by this start unless paid or another amount."""
        place = {**vars(start), "trade_no": "TG" + secrets.token_hex(12).upper()}
        with self._lock:
            self._connection.execute(
                "INSERT INTO trade"
                " (trade_no, merchant_no, out_trade_no, amount, currency, subject, notify_url, return_url) VALUES"
                " (:trade_no, :merchant_no, :out_trade_no, :amount, :currency, :subject, :notify_url, :return_url)"
                " ON CONFLICT (merchant_no, out_trade_no) DO NOTHING",
                place,
            )
            # The Back button replays an old start: only one signed after the cancellation opens the trade again.
            self._connection.execute(
                "UPDATE trade SET subject = :subject, notify_url = :notify_url, return_url = :return_url,"
                " status = 'waiting', settled_at = NULL"
                " WHERE merchant_no = :merchant_no AND out_trade_no = :out_trade_no"
                " AND amount = :amount AND currency = :currency"
                " AND (status = 'waiting' OR status = 'cancelled' AND settled_at <= :timestamp)",
                place,
            )
            return self._select(BY_ORDER, place)[0]

    def find(self, trade_no: str) -> Trade | None:
        """Return the trade with our number."""
        with self._lock:
            return next(iter(self._select(BY_NUMBER, {"trade_no": trade_no})), None)

    def find_order(self, merchant_no: str, out_trade_no: str) -> Trade | None:
        """Return the trade with the shop's number."""
        place: dict[str, object] = {"merchant_no": merchant_no, "out_trade_no": out_trade_no}
        with self._lock:
            return next(iter(self._select(BY_ORDER, place)), None)

    def settle(self, trade_no: str, status: Literal["paid", "cancelled"], at: int) -> bool:
        """Move a waiting trade to its end; False when somebody was faster."""
        with self._lock:
            changed = self._connection.execute(
                "UPDATE trade SET status = ?, settled_at = ? WHERE trade_no = ? AND status = 'waiting'",
                (status, at, trade_no),
            )
            return changed.rowcount == 1

    def record_try(self, trade_no: str, acknowledged: bool) -> None:
        """Count one posting of the notice and whether the shop answered `success`."""
        with self._lock:
            self._connection.execute(
                "UPDATE trade SET tries = tries + 1, acknowledged = max(acknowledged, ?) WHERE trade_no = ?",
                (acknowledged, trade_no),
            )

    def list_untold(self) -> list[Trade]:
        """Return the paid trades whose shop has not answered `success` yet."""
        with self._lock:
            return self._select(UNTOLD, {})

    def close(self) -> None:
        """Close the file; nothing may follow."""
        with self._lock:
            self._connection.close()

    def _select(self, query: str, place: dict[str, object]) -> list[Trade]:
        return [Trade(**dict(row)) for row in self._connection.execute(query, place)]
