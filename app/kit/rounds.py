"""Fair rounds: merchants with due rows take turns, so that one with a million rows delays no other for long."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, ScalarSelect, Select, literal, select, text

from app.kit import clock, db
from app.kit.tenancy import Owned, System

log = structlog.get_logger()
ROWS = 50
SECONDS = 1.0
MERCHANTS = 200
# min(), or any other plan, would read all rows: the planner takes row level security for a filter that few rows pass.
PLANS = ("seqscan", "bitmapscan", "sort", "incremental_sort")
WALKING = text("SELECT " + ", ".join(f"set_config('enable_{plan}', 'off', true)" for plan in PLANS))


@dataclass(frozen=True)
class Turn:
    """A merchant's turn: at most ROWS rows, none begun after SECONDS; the first is always served."""

    merchant_id: int
    until: float  # of time.monotonic()

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until


class Rounds:
    """Walks the merchants with due rows in one table, going on after the last one served."""

    def __init__(
        self, table: type[Owned], alive: ColumnElement[bool] | None = None, *, ahead: timedelta = timedelta(0)
    ) -> None:
        """`alive` tells which rows there are at all; those count that are due for longer than `ahead`."""
        self._table, self._ahead = table, ahead
        self._columns = (table.merchant_id, table.due_at)  # type: ignore[attr-defined]
        self._alive = () if alive is None else (alive,)
        self._last = -1

    def run(
        self,
        serve: Callable[[Turn], int],
        *,
        until: float | None = None,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> int:
        """Give each merchant with due rows one turn and return the sum of what `serve` answers."""
        served = 0
        for merchant in self._next_merchants():
            if (until is not None and time.monotonic() >= until) or not may_go_on():
                break
            self._last = merchant
            try:
                served += serve(Turn(merchant, _earlier(time.monotonic() + SECONDS, until)))
            except Exception:
                log.exception("round.turn_failed", table=self._table.__tablename__, merchant=merchant)
        return served

    def _next_merchants(self) -> Sequence[int]:
        def ask() -> Sequence[int]:
            if not db.is_sqlite():
                db.session().execute(WALKING)
            after = db.session().scalars(self._due(self._last, None, MERCHANTS)).all()
            rest = MERCHANTS - len(after)
            return [*after, *(db.session().scalars(self._due(-1, self._last, rest)).all() if rest else ())]

        return db.read(System(f"due rows of {self._table.__tablename__}"), ask)

    def _due(self, after: int, to: int | None, most: int) -> Select[int]:
        """Return a loose index scan: it reads one index entry a merchant, however many rows wait there."""
        walk = select(self._first_after(literal(after)).label("merchant_id")).cte("walk", recursive=True)
        ahead = walk.c.merchant_id.is_not(None) if to is None else walk.c.merchant_id < to
        walk = walk.union_all(select(self._first_after(walk.c.merchant_id)).select_from(walk).where(ahead))
        due = self._earliest_of(walk.c.merchant_id) <= clock.now() - self._ahead
        found = select(walk.c.merchant_id).where(due).limit(most)
        return found if to is None else found.where(walk.c.merchant_id <= to)

    def _first_after(self, merchant_id: ColumnElement[int]) -> ScalarSelect[int]:
        merchant, due_at = self._columns
        rows = select(merchant).where(merchant > merchant_id, *self._alive).order_by(merchant, due_at).limit(1)
        return rows.correlate_except(self._table).scalar_subquery()

    def _earliest_of(self, merchant_id: ColumnElement[int]) -> ScalarSelect[datetime]:
        merchant, due_at = self._columns
        rows = select(due_at).where(merchant == merchant_id, *self._alive).order_by(merchant, due_at).limit(1)
        return rows.correlate_except(self._table).scalar_subquery()


def _earlier(one: float, other: float | None) -> float:
    return one if other is None else min(one, other)
