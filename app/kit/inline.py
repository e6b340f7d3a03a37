"""Rows given as parameters: a small table inside a statement, which is compiled once for each number of rows.

SQLAlchemy's own VALUES has no cache key and is compiled every time, which costs more than running the statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, CTE, BindParameter, ColumnElement, Table, TextClause, any_, bindparam, text
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


def given(name: str, kinds: Iterable[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the parameters of `inline`, whose statement was made with others."""
    columns = list(kinds)
    return {
        f"{name}_{number}_{column}": value
        for number, row in enumerate(rows)
        for column, value in zip(columns, row, strict=True)
    }


def among(column: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    """Return the condition that a column is one of `count` values; `spread` gives them when the statement runs.

    SQLAlchemy's own list of values, bound as one, is written into the statement anew each time it runs.
    """
    return column.in_([bindparam(f"{name}_{number}", type_=column.type) for number in range(count)])


def spread(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters of `among`."""
    return {f"{name}_{number}": value for number, value in enumerate(values)}


# Many rows: on PostgreSQL an array a column, so that one statement, compiled and planned once, serves any number -----

MANY = 16
OWNER = "merchant_id"


def unnested(name: str, kinds: Mapping[str, TypeEngine[Any]]) -> CTE:
    """Return rows that come as arrays as a table `name` with the columns of `kinds`; `arrays` gives them."""
    return _unnesting(name, kinds).columns(**kinds).cte(name)


def _unnesting(name: str, kinds: Mapping[str, TypeEngine[Any]]) -> TextClause:
    marks = ", ".join(f":{name}_{column}" for column in kinds)
    named = ", ".join(f'"{column}"' for column in kinds)
    binds = [bindparam(f"{name}_{column}", type_=ARRAY(kind)) for column, kind in kinds.items()]
    return text(f"SELECT {named} FROM unnest({marks}) AS given({named})").bindparams(*binds)


def arrays(name: str, kinds: Iterable[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the parameters of `unnested`."""
    return {f"{name}_{column}": [row[place] for row in rows] for place, column in enumerate(kinds)}


def insert_arrays(table: Table, names: Sequence[str]) -> tuple[str, list[BindParameter[Any]]]:
    """Return the words of an INSERT of rows of one merchant, and its parameters; `inserted_arrays` gives them."""
    own = [name for name in names if name != OWNER]
    columns, taken = (", ".join(f'"{name}"' for name in some) for some in ((*own, OWNER), own))
    marks = ", ".join(f":w_{name}" for name in own)
    binds = [bindparam(f"w_{name}", type_=ARRAY(table.c[name].type)) for name in own]
    binds.append(bindparam(f"w_{OWNER}", type_=table.c[OWNER].type))
    return (
        f'INSERT INTO "{table.name}" ({columns}) SELECT {taken}, :w_{OWNER} FROM unnest({marks}) AS given({taken})',
        binds,
    )


def inserted_arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the parameters of `insert_arrays`; raises ValueError when the rows are not all of one merchant."""
    (owner,) = {row[OWNER] for row in rows}
    return {f"w_{name}": [row[name] for row in rows] for name in rows[0] if name != OWNER} | {f"w_{OWNER}": owner}


def is_in(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column is one of the values of the array `name`, for PostgreSQL."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


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
