"""The trades of the gateway with their refunds and closings, in memory or in a file, behind one lock."""

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from simulators.test_gateway.wire import Start, Wish

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
);
CREATE TABLE IF NOT EXISTS closing (
    merchant_no TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    closed_at INTEGER NOT NULL,
    PRIMARY KEY (merchant_no, out_trade_no)
);
CREATE TABLE IF NOT EXISTS refund (
    refund_no TEXT PRIMARY KEY,
    merchant_no TEXT NOT NULL,
    out_refund_no TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (merchant_no, out_refund_no)
);
CREATE VIEW IF NOT EXISTS standing AS
SELECT trade_no, merchant_no, out_trade_no, amount, currency, subject, notify_url, return_url,
    CASE WHEN closed_at IS NULL THEN status ELSE 'closed' END AS status,
    CASE WHEN closed_at IS NULL THEN settled_at ELSE closed_at END AS settled_at, tries, acknowledged
FROM trade LEFT JOIN closing USING (merchant_no, out_trade_no);
"""
REMEMBER = """
INSERT INTO trade (trade_no, merchant_no, out_trade_no, amount, currency, subject, notify_url, return_url, status,
    settled_at, acknowledged)
VALUES (:trade_no, :merchant_no, :out_trade_no, :amount, :currency, '', '', '', 'paid', unixepoch(:paid_at), 1)
ON CONFLICT DO NOTHING
"""
BY_NUMBER = "SELECT * FROM standing WHERE trade_no = :trade_no"
BY_ORDER = "SELECT * FROM standing WHERE merchant_no = :merchant_no AND out_trade_no = :out_trade_no"
UNTOLD = "SELECT * FROM standing WHERE status = 'paid' AND NOT acknowledged"
SETTLE = """
UPDATE trade SET status = ?, settled_at = ? WHERE trade_no = ? AND status = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM closing AS c WHERE c.merchant_no = trade.merchant_no AND c.out_trade_no = trade.out_trade_no)
"""
REPAY = """
INSERT INTO refund (refund_no, merchant_no, out_refund_no, out_trade_no, amount, currency, at)
SELECT :refund_no, merchant_no, :out_refund_no, out_trade_no, :amount, currency, :at FROM trade
WHERE merchant_no = :merchant_no AND out_trade_no = :out_trade_no AND currency = :currency AND status = 'paid'
    AND amount >= :amount + (
        SELECT coalesce(sum(r.amount), 0) FROM refund AS r
        WHERE r.merchant_no = :merchant_no AND r.out_trade_no = :out_trade_no)
ON CONFLICT (merchant_no, out_refund_no) DO NOTHING
"""
REPAID = "SELECT * FROM refund WHERE merchant_no = :merchant_no AND out_refund_no = :out_refund_no"
CLOSE = """
INSERT INTO closing (merchant_no, out_trade_no, closed_at)
SELECT :merchant_no, :out_trade_no, :at WHERE NOT EXISTS (
    SELECT 1 FROM trade WHERE merchant_no = :merchant_no AND out_trade_no = :out_trade_no AND status = 'paid')
ON CONFLICT DO NOTHING
"""
CLOSED = "SELECT 1 FROM closing WHERE merchant_no = :merchant_no AND out_trade_no = :out_trade_no"


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
    status: Literal["waiting", "paid", "cancelled", "closed"]
    settled_at: int | None
    tries: int
    acknowledged: int

    @property
    def paid_at(self) -> str | None:
        """Return when it was paid, RFC 3339 in UTC, or None."""
        return moment(self.settled_at) if self.status == "paid" and self.settled_at is not None else None


@dataclass(frozen=True)
class Refund:
    """Money that went back to the payer of a trade."""

    refund_no: str
    merchant_no: str
    out_refund_no: str
    out_trade_no: str
    amount: int
    currency: str
    at: int

    @property
    def refunded_at(self) -> str:
        """Return when it was made, RFC 3339 in UTC."""
        return moment(self.at)


def moment(at: int) -> str:
    """Return a Unix time as people write it, RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Trades:
    """Keeps every trade; one caller at a time, each change guarded by the state it leaves."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(SCHEMA)

    def open(self, start: Start) -> Trade | None:
        """Return the one trade of this order number, renewed by this start unless settled; None when closed unseen."""
        place = {**vars(start), "trade_no": "TG" + secrets.token_hex(12).upper()}
        with self._lock:
            if not self._connection.execute(CLOSED, place).fetchone():
                self._renew(place)
            return next(iter(self._select(BY_ORDER, place)), None)

    def _renew(self, place: dict[str, object]) -> None:
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

    def remember(self, paid: Iterable[Mapping[str, object]]) -> None:
        """Know trades that were paid before we began, as our notices of them told; those we know stay as they are."""
        with self._lock:
            self._connection.executemany(REMEMBER, paid)

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
            changed = self._connection.execute(SETTLE, (status, at, trade_no))
            return changed.rowcount == 1

    def close_order(self, merchant_no: str, out_trade_no: str, at: int) -> None:
        """Close the trade with the shop's number for good, seen or not; a paid one stays paid."""
        with self._lock:
            self._connection.execute(CLOSE, {"merchant_no": merchant_no, "out_trade_no": out_trade_no, "at": at})

    def is_closed(self, merchant_no: str, out_trade_no: str) -> bool:
        """Answer whether the shop closed this number."""
        place = {"merchant_no": merchant_no, "out_trade_no": out_trade_no}
        with self._lock:
            return self._connection.execute(CLOSED, place).fetchone() is not None

    def repay(self, wish: Wish, at: int) -> Refund | None:
        """Return the one refund of this refund number, made now when the trade holds enough; None when it does not."""
        place = {**vars(wish), "refund_no": "TR" + secrets.token_hex(12).upper(), "at": at}
        with self._lock:
            self._connection.execute(REPAY, place)
            return self._refund(place)

    def find_refund(self, merchant_no: str, out_refund_no: str) -> Refund | None:
        """Return the refund with the shop's refund number."""
        with self._lock:
            return self._refund({"merchant_no": merchant_no, "out_refund_no": out_refund_no})

    def count_refunded(self, trade: Trade) -> int:
        """Return how much of a trade went back, in minor units."""
        query = "SELECT coalesce(sum(amount), 0) FROM refund WHERE merchant_no = ? AND out_trade_no = ?"
        with self._lock:
            return int(self._connection.execute(query, (trade.merchant_no, trade.out_trade_no)).fetchone()[0])

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

    def _refund(self, place: Mapping[str, object]) -> Refund | None:
        row = self._connection.execute(REPAID, dict(place)).fetchone()
        return Refund(**dict(row)) if row else None
