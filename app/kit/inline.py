"""Rows given as parameters: a small table inside a statement, which is compiled once for each number of rows.

SQLAlchemy's own VALUES has no cache key and is compiled every time, which costs more than running the statement.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, BindParameter, ColumnElement, Table, TextClause, bindparam, text
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


Batch = tuple[Table, tuple[str, ...], int]  # a table, the columns that are given, how many rows


@lru_cache(maxsize=512)
def inserting(*batches: Batch) -> TextClause:
    """Return one statement that inserts rows into several tables, for PostgreSQL; `inserted` gives the rows."""
    written = [insert_into(place, batch) for place, batch in enumerate(batches)]
    ahead = ", ".join(f"w{place} AS ({words})" for place, words in enumerate(written[:-1]))
    binds = [bind for place, batch in enumerate(batches) for bind in binds_of(place, batch)]
    return text(f"WITH {ahead} {written[-1]}" if ahead else written[-1]).bindparams(*binds)


def insert_into(place: int, batch: Batch) -> str:
    """Return the words of an INSERT; `binds_of` the same place gives its parameters their types."""
    table, names, count = batch
    rows = (f"({', '.join(f':w{place}_{number}_{name}' for name in names)})" for number in range(count))
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({columns}) VALUES {", ".join(rows)}'


def binds_of(place: int, batch: Batch) -> list[BindParameter[Any]]:
    table, names, count = batch
    return [
        bindparam(f"w{place}_{number}_{name}", type_=table.c[name].type) for number in range(count) for name in names
    ]


def inserted(rows: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the parameters of `inserting`."""
    return {
        f"w{place}_{number}_{name}": value
        for place, batch in enumerate(rows)
        for number, row in enumerate(batch)
        for name, value in row.items()
    }
