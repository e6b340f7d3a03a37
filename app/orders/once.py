"""Inserting orders once: one statement for any number of them, whose buyers take turns."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, TextualSelect, bindparam, text

from app.kit import db
from app.kit.ids import Id
from app.kit.inline import Batch, binds_of, insert_into, inserted, spread
from app.orders.models import Order

LOCKS = 3  # of an order: its contact, its device and its network


def insert_once(orders: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Insert orders, each unless its form made one already, and return the ids of those that are new.

    Of two with the same form at once the second waits for the first. On PostgreSQL two orders of one buyer wait for
    each other as well, so that both are counted; SQLite has one writer anyway.
    """
    binds = inserted([orders])
    if not db.is_sqlite():
        binds |= spread("lock", _locks_of(orders))
    rows = db.session().execute(_inserting((*orders[0],), len(orders), sqlite=db.is_sqlite()), binds)
    return {row.id for row in rows}


def _locks_of(orders: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the locks of the buyers of these orders, ascending, so that no two ever wait for each other."""
    locks = {int.from_bytes(order["contact_index"][:8], signed=True) for order in orders}
    locks |= {int.from_bytes(order["device_id"].bytes[8:], signed=True) for order in orders if order["device_id"]}
    locks |= {int.from_bytes(order["network_index"][:8], signed=True) for order in orders if order["network_index"]}
    return sorted(locks) + [max(locks)] * (LOCKS * len(orders) - len(locks))


@lru_cache(maxsize=64)
def _inserting(names: tuple[str, ...], count: int, *, sqlite: bool) -> TextualSelect:
    batch: Batch = (Order.__table__, names, count)  # type: ignore[assignment]
    words = f"{insert_into(0, batch)} ON CONFLICT (merchant_id, idem) DO NOTHING RETURNING id"
    binds: list[BindParameter[Any]] = binds_of(0, batch)
    if not sqlite:
        # The locks ride on the INSERT: the statement that counts comes after them, and sees what they waited for.
        marks = [f"lock_{number}" for number in range(LOCKS * count)]
        given = ", ".join(f"(:{mark})" for mark in marks)
        taken = f"SELECT pg_advisory_xact_lock(lock.id) FROM (VALUES {given}) AS lock(id)"
        words = f"WITH taken AS MATERIALIZED ({taken}) {words}, (SELECT count(*) FROM taken)"
        binds += [bindparam(mark, type_=BigInteger) for mark in marks]
    return text(words).bindparams(*binds).columns(id=Id())
