"""Few rows among many, found by an index of theirs on every engine.

SQLite, which knows nothing of the sizes of tables, takes a merchant to have few rows. So it rather walks all of them in
the order of their key than sorts the few that an index finds, and rather walks them once than asks two indexes.
"""

from typing import Any

from sqlalchemy import ColumnElement, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class no_index(FunctionElement[Any]):
    """A column by which SQLite neither finds nor orders rows: `order_by(no_index(Gift.id).desc())`.

    Not for pages: there the walk ends with the last row of the page.
    """

    inherit_cache = True


@compiles(no_index)
def _plainly(element: no_index, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(no_index, "sqlite")
def _by_no_index(element: no_index, compiler: SQLCompiler, **kw: Any) -> str:
    return f"+{compiler.process(element.clauses, **kw)}"


def either(key: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Choose rows for which any of the conditions holds, each of which finds few: `either(Gift.id, a, b)`."""
    found: ColumnElement[bool] = key.in_(union_all(*(select(key).where(each) for each in conditions)))
    return found
