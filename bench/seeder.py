"""Fills a pool of codes in seconds, most of them sold: one INSERT … SELECT on the owner's connection.

For measuring how a claim behaves in a large pool, and for nothing else: it never counts as import. One real code is
imported and copied; a copy has an id, a place in the order of sale and a fingerprint of its own, but shares the sealed
text, which is bound to the first code's id, so a copy can be held and sold and never be opened. Its tail is
made up. Sold copies are inserted sold: the table has the rows and indexes of a pool that was sold and tidied up since,
without dead ones.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from app.inventory.models import Code, Status
from app.kit import sqlite
from tests.make import Shop

OLD = 20  # the first of so many parts have a tag as well
RARE = 5_000  # each so manieth code has a tag, and each so manieth that was not sold is void
# The numbers 1 … :count, and 16 bytes or 32 that each of them makes; `spread` ones have no order.
SQL = {
    "postgresql": {
        "numbers": "SELECT n FROM generate_series(1, :count) AS series(n)",
        "id": "encode(decode('01', 'hex') || convert_to(lpad(n::text, 15, '0'), 'UTF8'), 'hex')::uuid",
        "spread": "sha256(convert_to(n::text, 'UTF8'))",
        "tail": "upper(substr(md5(n::text), 1, 4))",
        "tidy": "VACUUM ANALYZE code",
    },
    "sqlite": {
        "numbers": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :count)"
        " SELECT n FROM series",
        "id": "CAST(char(1) || printf('%015d', n) AS BLOB)",
        "spread": "randomblob(32)",
        "tail": "hex(randomblob(2))",
        "tidy": "ANALYZE",
    },
}

# The copies are older than what is made here, as a change of many codes leaves younger ones alone; their batch says so.
BATCH = (
    "UPDATE batch SET imported = :count, first_code = (SELECT id FROM code ORDER BY id LIMIT 1)"
    " WHERE EXISTS (SELECT 1 FROM code WHERE code.merchant_id = batch.merchant_id AND code.batch_id = batch.id)"
)
MARKS = (
    "INSERT INTO code_mark (merchant_id, fingerprint, code_id) SELECT merchant_id, fingerprint, id FROM code"
    " WHERE id NOT IN (SELECT code_id FROM code_mark)"
)


def fill(shop: Shop, owner_url: str, *, codes: int, sold: float) -> None:
    """Bring the shop's only SKU to this many codes, the share `sold` of them sold, oldest first."""
    shop.codes(1)
    engine = sa.create_engine(owner_url)
    if engine.dialect.name == "sqlite":
        sqlite.prepare(engine)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":  # the owner is fenced in as well
                connection.execute(sa.text(f"SET LOCAL app.merchant = '{shop.merchant_id}'"))
            number_sold = int(codes * sold)
            connection.execute(sa.text(statement(engine.dialect)), {"count": codes - 1, "sold": number_sold})
            connection.execute(sa.text(MARKS))
            connection.execute(sa.text(BATCH), {"count": codes})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(SQL[engine.dialect.name]["tidy"])
    finally:
        engine.dispose()


def statement(dialect: Dialect) -> str:
    """Return the INSERT … SELECT that copies the only code there is."""
    words = SQL[dialect.name]
    is_sold, is_void = "n <= :sold", f"n % {RARE} = 1"
    new: dict[str, Any] = {
        "id": words["id"],
        "status": f"CASE WHEN {is_sold} THEN {int(Status.SOLD)} WHEN {is_void} THEN {int(Status.VOID)} ELSE 0 END",
        "pick": "code.pick + n",
        "entitlement_id": f"CASE WHEN {is_sold} THEN {words['id']} END",
        "fingerprint": words["spread"],
        "line": "n",
        "tail": words["tail"],
        "tags": f"CASE WHEN n % {RARE} = 2 THEN 'rare' WHEN n < :count / {OLD} THEN 'old' ELSE '' END",
    }
    names = [column.name for column in Code.__table__.columns]
    values = ", ".join(new.get(name, f"code.{name}") for name in names)
    return f"INSERT INTO code ({', '.join(names)}) SELECT {values} FROM ({words['numbers']}) AS numbers, code"
