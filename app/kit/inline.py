"""Rows given as parameters: a small table inside a statement, which is compiled once for each number of rows.

SQLAlchemy's own VALUES has no cache key and is compiled every time, which costs more than running the statement.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, bindparam, text
from sqlalchemy.types import TypeEngine


def inline(name: str, kinds: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> CTE:
    """Return `rows` (at least one) as a table `name` with the columns of `kinds`."""
    marks = [[f"{name}_{number}_{column}" for column in kinds] for number in range(len(rows))]
    given = ", ".join(f"({', '.join(f':{mark}' for mark in row)})" for row in marks)
    named = ", ".join(f"column{place} AS {column}" for place, column in enumerate(kinds, 1))  # both engines' own names
    binds = (
        bindparam(mark, value, kind)
        for names, row in zip(marks, rows, strict=True)
        for mark, value, kind in zip(names, row, kinds.values(), strict=True)
    )
    return text(f"SELECT {named} FROM (VALUES {given}) AS given").bindparams(*binds).columns(**kinds).cte(name)


def among(column: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    """Return the condition that a column is one of `count` values; `spread` gives them when the statement runs.

    SQLAlchemy's own list of values, bound as one, is written into the statement anew each time it runs.
    """
    return column.in_([bindparam(f"{name}_{number}", type_=column.type) for number in range(count)])


def spread(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters of `among`."""
    return {f"{name}_{number}": value for number, value in enumerate(values)}
