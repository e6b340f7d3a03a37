"""The trades of the gateway, their starts and refunds, in memory or in a file, behind one lock."""

import secrets
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS start (
    token TEXT PRIMARY KEY,
    out_trade_no TEXT NOT NULL UNIQUE,
    product TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    subject TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    return_url TEXT NOT NULL,
    expires_at REAL,
    started_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS trade (
    trade_no TEXT PRIMARY KEY,
    out_trade_no TEXT NOT NULL UNIQUE REFERENCES start (out_trade_no),
    status TEXT NOT NULL DEFAULT 'WAIT_BUYER_PAY',
    created_at REAL NOT NULL,
    paid_at REAL,
    closed_at REAL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS refund (
    out_trade_no TEXT NOT NULL,
    out_request_no TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (out_trade_no, out_request_no)
);
CREATE VIEW IF NOT EXISTS standing AS
SELECT trade_no, out_trade_no, status, created_at, paid_at, closed_at, tries, amount, subject, notify_url, return_url,
    (SELECT coalesce(sum(r.amount), 0) FROM refund AS r WHERE r.out_trade_no = trade.out_trade_no) AS refunded
FROM trade JOIN start USING (out_trade_no);
"""
REFUND = """
INSERT INTO refund (out_trade_no, out_request_no, amount, reason, at)
SELECT out_trade_no, :out_request_no, :wanted, :reason, :at FROM standing
WHERE out_trade_no = :out_trade_no AND status = 'TRADE_SUCCESS' AND amount >= refunded + :wanted
ON CONFLICT DO NOTHING
"""
EMPTIED = """
UPDATE trade SET status = 'TRADE_CLOSED', closed_at = :at WHERE out_trade_no = :out_trade_no AND EXISTS (
    SELECT 1 FROM standing AS s WHERE s.out_trade_no = trade.out_trade_no AND s.amount = s.refunded)
"""
EXPIRED = """
UPDATE trade SET status = 'TRADE_CLOSED', closed_at = ? WHERE status = 'WAIT_BUYER_PAY' AND EXISTS (
    SELECT 1 FROM start AS s WHERE s.out_trade_no = trade.out_trade_no AND s.expires_at <= ?)
"""


@dataclass(frozen=True)
class Start:
    """A wish of the shop to be paid, that somebody may follow or not."""

    token: str
    out_trade_no: str
    product: str  # page, wap, qr
    amount: int
    subject: str
    notify_url: str
    return_url: str
    expires_at: float | None
    started_at: float


@dataclass(frozen=True)
class Trade:
    """One payment as the gateway sees it."""

    trade_no: str
    out_trade_no: str
    status: str
    created_at: float
    paid_at: float | None
    closed_at: float | None
    tries: int
    amount: int
    subject: str
    notify_url: str
    return_url: str
    refunded: int


@dataclass(frozen=True)
class Refund:
    """Money that went back."""

    out_trade_no: str
    out_request_no: str
    amount: int
    reason: str
    at: float


class Trades:
    """Keeps every trade; one caller at a time, each change guarded by the state it leaves."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(SCHEMA)

    # Starts ------------------------------------------------------------------------------------------------------

    def open(self, start: Start) -> Start:
        """Return the one start of this number, with the new addresses and end when it asks for the same."""
        with self._lock:
            self._run(
                "INSERT INTO start VALUES (:token, :out_trade_no, :product, :amount, :subject, :notify_url,"
                " :return_url, :expires_at, :started_at) ON CONFLICT (out_trade_no) DO UPDATE SET"
                " product = excluded.product, notify_url = excluded.notify_url, return_url = excluded.return_url,"
                " expires_at = excluded.expires_at, started_at = excluded.started_at"
                " WHERE amount = excluded.amount AND subject = excluded.subject",
                **vars(start),
            )
            found = self.find_start("out_trade_no", start.out_trade_no)
            assert found
            return found

    def find_start(self, name: str, value: str) -> Start | None:
        """Return the start of this token or shop's number."""
        rows = self._all(f"SELECT * FROM start WHERE {name} = :value", value=value)
        return Start(**rows[0]) if rows else None

    # Trades ------------------------------------------------------------------------------------------------------

    def enter(self, start: Start, at: float) -> None:
        """Let a trade begin, once for each number."""
        number = f"20260101220014{secrets.randbelow(10**14):014}"
        self._run(
            "INSERT INTO trade (trade_no, out_trade_no, created_at) VALUES (:number, :out, :at) ON CONFLICT DO NOTHING",
            number=number,
            out=start.out_trade_no,
            at=at,
        )

    def find(self, out_trade_no: str = "", trade_no: str = "") -> Trade | None:
        """Return the trade of the gateway's number, or else of the shop's."""
        name, value = ("trade_no", trade_no) if trade_no else ("out_trade_no", out_trade_no)
        rows = self._all(f"SELECT * FROM standing WHERE {name} = :value", value=value)
        return Trade(**rows[0]) if rows else None

    def list_paid(self) -> Sequence[Trade]:
        """List all that were ever paid."""
        return [Trade(**row) for row in self._all("SELECT * FROM standing WHERE paid_at IS NOT NULL ORDER BY paid_at")]

    def list_untold(self) -> Sequence[Trade]:
        """List the paid trades whose shop has not answered `success` yet."""
        query = (
            "SELECT s.* FROM standing AS s JOIN trade AS t USING (trade_no) WHERE t.paid_at > 0 AND NOT t.acknowledged"
        )
        return [Trade(**row) for row in self._all(query)]

    def expire(self, at: float) -> None:
        """Close the waiting trades whose time is over."""
        self._run_plain(EXPIRED, (at, at))

    def move(self, out_trade_no: str, old: str, new: str, at: float) -> bool:
        """Move a trade on; False when somebody was faster."""
        stamp = "paid_at" if new == "TRADE_SUCCESS" else "closed_at"
        query = f"UPDATE trade SET status = ?, {stamp} = ? WHERE out_trade_no = ? AND status = ?"
        return self._run_plain(query, (new, at, out_trade_no, old)) == 1

    def record_try(self, trade_no: str, acknowledged: bool) -> None:
        """Count one posting of a payment's notice, and whether the shop answered `success`."""
        query = "UPDATE trade SET tries = tries + 1, acknowledged = max(acknowledged, ?) WHERE trade_no = ?"
        self._run_plain(query, (acknowledged, trade_no))

    # Refunds -----------------------------------------------------------------------------------------------------

    def refund(self, refund: Refund) -> bool:
        """Give money back and tell whether this call did; a trade of which all went back is closed."""
        with self._lock:
            moved = self._run(REFUND, wanted=refund.amount, **vars(refund)) == 1
            if moved:
                self._run(EMPTIED, **vars(refund))
            return moved

    def find_refund(self, out_trade_no: str, out_request_no: str) -> Refund | None:
        """Return one refund of a trade."""
        query = "SELECT * FROM refund WHERE out_trade_no = :trade AND out_request_no = :number"
        rows = self._all(query, trade=out_trade_no, number=out_request_no)
        return Refund(**rows[0]) if rows else None

    def list_refunds(self) -> Sequence[Refund]:
        """List all refunds, oldest first."""
        return [Refund(**row) for row in self._all("SELECT * FROM refund ORDER BY at")]

    def close(self) -> None:
        """Close the file; nothing may follow."""
        with self._lock:
            self._connection.close()

    def _run(self, query: str, **values: Any) -> int:
        with self._lock:
            return self._connection.execute(query, values).rowcount

    def _run_plain(self, query: str, values: tuple[Any, ...]) -> int:
        with self._lock:
            return self._connection.execute(query, values).rowcount

    def _all(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._connection.execute(query, values)]
