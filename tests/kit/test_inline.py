"""Rows given as parameters of a statement."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import BigInteger, Select, event, select
from sqlalchemy.types import TypeEngine

from app.kit import db
from app.kit.columns import Moment
from app.kit.events import EventRow
from app.kit.ids import Id, new_id
from app.kit.inline import inline, inserted_arrays
from tests.make import Shop

KINDS: dict[str, TypeEngine[Any]] = {"id": Id(), "amount": BigInteger(), "at": Moment()}


def test_rows_come_back_as_they_went_in_however_many(shop: Shop) -> None:
    at = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    rows = [(new_id(), number, at if number % 2 else None) for number in range(2000)]

    back = shop.read(partial(_all, select(inline("came", KINDS, rows))))

    assert sorted(map(tuple, back), key=lambda row: row[1]) == rows


def test_a_statement_with_rows_is_compiled_once_for_each_number_of_them(shop: Shop) -> None:
    compiled: list[object] = []

    def note(_connection, _cursor, _statement, _parameters, context, _many) -> None:
        if "came" in context.statement:
            compiled.append(context.compiled)

    event.listen(db.engine(), "before_cursor_execute", note)
    for amount in (1, 2):
        shop.read(partial(_all, select(inline("came", KINDS, [(new_id(), amount, None)]))))
    event.remove(db.engine(), "before_cursor_execute", note)

    assert len(compiled) == 2
    assert compiled[0] is compiled[1]


def _all(query: Select[Any]) -> list[Any]:
    return list(db.session().execute(query))


def test_many_rows_go_in_as_they_are(shop: Shop) -> None:
    at = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    rows = [event_row(shop, number, at) for number in range(db.FEW + 3)]

    shop.write(lambda: db.insert((EventRow.__table__, rows)))

    mine = select(EventRow.__table__).where(EventRow.merchant_id == shop.merchant_id, EventRow.name == "many.inserted")
    back = shop.read(lambda: [dict(row._mapping) for row in db.session().execute(mine.order_by(EventRow.at))])
    assert back == rows


def test_rows_of_two_merchants_do_not_go_in_together(shop: Shop) -> None:
    at = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    rows = [event_row(shop, number, at) for number in range(db.FEW + 3)]

    with pytest.raises(ValueError, match="too many values"):
        inserted_arrays([*rows, rows[0] | {"merchant_id": 1}])


def event_row(shop: Shop, number: int, at: datetime) -> dict[str, Any]:
    """Return an event that nobody published, with every kind of column that there is."""
    return {
        "merchant_id": shop.merchant_id,
        "id": new_id(),
        "at": at + timedelta(seconds=number),
        "name": "many.inserted",
        "subject_type": "test",
        "subject_id": new_id(),
        "order_id": new_id() if number % 2 else None,
        "actor_type": "sys\"tem, {'}",
        "actor_id": None,
        "data": {"n": number, "deep": [None, {"a": '\\ "}'}]},
        "salt": bytes([0, 255, number]),
        "v": 1,
    }
