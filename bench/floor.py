"""The floor: the rows our pipelines write, by SQLAlchemy Core, and nothing else: no HTTP, no signature, no sealing.

Each lap is one committed transaction:
  place   order, line, part, tender; one free code held in the order of `pick`; event; outbox
  apply   notice; tender met; order paid; held code sold; entitlement; four entries; event; outbox
  intake  2,000 codes of an import
Afterwards the rows are checked: each paid order has one entitlement, no code has two, the entries sum to zero.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.kit import sqlite
from app.kit.columns import Moment
from app.kit.ids import Id, new_id
from bench.figures import percentile_ms

SHOP, SKU = 7, 1
MOST_SALES, MOST_PER_SECOND = 12_000, 4000
SLICE, SLICES = 2000, 20
SPLIT = ((1, -1999), (2, 1899), (3, 60), (4, 40))
LONGEST_WAIT = 30.0
PATIENCE = 120.0
FREE, HELD, SOLD = 0, 1, 2

KINDS: dict[str, Any] = {
    "id": Id,
    "moment": Moment,
    "text": sa.Text,
    "blob": sa.LargeBinary,
    "int": sa.BigInteger,
    "short": sa.SmallInteger,
}
Pair = tuple[UUID, UUID]  # an order and its part
rows = sa.MetaData()


def table(name: str, columns: str, *constraints: Any, keys: int = 1) -> sa.Table:
    """Return a table of the shop's rows from "name kind, …"; the first `keys` columns make its key."""
    named = [column.split() for column in columns.split(",")]
    shop = sa.Column("shop", sa.BigInteger, primary_key=True, autoincrement=False)
    own = [sa.Column[Any](each, KINDS[kind], primary_key=n < keys) for n, (each, kind) in enumerate(named)]
    return sa.Table(name, rows, shop, *own, *constraints)


def index(name: str, *columns: str, where: str = "") -> sa.Index:
    partial: Any = {f"{engine}_where": sa.text(where) for engine in ("sqlite", "postgresql")} if where else {}
    return sa.Index(name, "shop", *columns, **partial)


def unique(column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("shop", column)


ORDER = table("orders", "id id, state text, contact text, total int, paid_at moment, at moment")
LINE = table("line", "id id, order_id id, sku int, quantity int, price int")
PART = table("part", "id id, line_id id, order_id id, sku int, cost int, state text", index("part_order", "order_id"))
TENDER = table("tender", "id id, order_id id, state text, amount int", index("tender_order", "order_id"))
CODE = table(
    "code",
    "id id, sku int, status short, lane short, pick int, held_by id, entitlement_id id, sealed blob",
    index("code_free", "sku", "lane", "pick", where="status = 0"),
    index("code_held", "held_by", where="status = 1"),
)
NOTICE = table("notice", "id id, trade_no text, body text, at moment", unique("trade_no"))
ENTITLEMENT = table("entitlement", "id id, part_id id, code_id id, state text, at moment", unique("code_id"))
ENTRY = table("entry", "tx_id id, line short, account int, amount int, currency text, at moment", keys=2)
EVENT = table("event", "id id, name text, subject_id id, data text, at moment")
OUTBOX = table("outbox", "event_id id, shard short")
INTAKE = table(
    "intake",
    "id id, sku_id id, batch_id id, status short, lane short, pick int, sealed blob, key_id id, fingerprint blob,"
    " tail text, cost int, line int",
    unique("fingerprint"),
    index("intake_free", "sku_id", "lane", "pick", where="status = 0"),
    index("intake_sku", "sku_id", "id"),
)

o, t, c = ORDER.c, TENDER.c, CODE.c
first_free = (
    sa.select(c.id)
    .where(c.shop == SHOP, c.sku == SKU, c.lane == 0, sa.text("status = 0"))
    .order_by(c.pick)
    .limit(1)
    .with_for_update(skip_locked=True)
)
HOLD = (
    sa.update(CODE)
    .where(c.shop == SHOP, c.id == first_free.scalar_subquery())
    .values(status=HELD, held_by=sa.bindparam("part"))
    .returning(c.id)
)
MEET = (
    sa.update(TENDER)
    .where(t.shop == SHOP, t.order_id == sa.bindparam("order"), t.state == "due", t.amount == 1999)
    .values(state="met")
)
PAY = (
    sa.update(ORDER)
    .where(o.shop == SHOP, o.id == sa.bindparam("order"), o.state == "pending")
    .values(state="paid", paid_at=sa.bindparam("now"))
)
SELL = (
    sa.update(CODE)
    .where(c.shop == SHOP, c.held_by == sa.bindparam("part"), sa.text("status = 1"))
    .values(status=SOLD, entitlement_id=sa.bindparam("entitlement"))
    .returning(c.id)
)


def place(connection: sa.Connection, pair: Pair, mark: str) -> bool:
    """Write what placing an order writes, and tell whether it got a code."""
    (order, part), at, line = pair, datetime.now(UTC), new_id()
    add(connection, ORDER, id=order, state="pending", contact="a@example.com", total=1999, paid_at=None, at=at)
    add(connection, LINE, id=line, order_id=order, sku=SKU, quantity=1, price=1999)
    add(connection, PART, id=part, line_id=line, order_id=order, sku=SKU, cost=1500, state="held")
    add(connection, TENDER, id=new_id(), order_id=order, state="due", amount=1999)
    held = connection.execute(HOLD, {"part": part}).first() is not None
    tell(connection, "order.placed", order, at)
    return held


def apply(connection: sa.Connection, pair: Pair, mark: str) -> bool:
    """Write what a notice writes that pays an order, and tell whether it did."""
    (order, part), at, entitlement, tx = pair, datetime.now(UTC), new_id(), new_id()
    add(connection, NOTICE, id=new_id(), trade_no=mark, body="{}", at=at)
    if connection.execute(MEET, {"order": order}).rowcount != 1:
        return False
    if connection.execute(PAY, {"order": order, "now": at}).rowcount != 1:
        return False
    code = connection.execute(SELL, {"part": part, "entitlement": entitlement}).scalar_one()
    add(connection, ENTITLEMENT, id=entitlement, part_id=part, code_id=code, state="ready", at=at)
    legs = [
        {"shop": SHOP, "tx_id": tx, "line": line, "account": line, "amount": amount, "currency": "CNY", "at": at}
        for line, amount in SPLIT
    ]
    connection.execute(sa.insert(ENTRY), legs)
    tell(connection, "order.paid", order, at)
    return True


STEPS = {"place": place, "apply": apply}


def add(connection: sa.Connection, into: sa.Table, **values: Any) -> None:
    connection.execute(sa.insert(into), {"shop": SHOP} | values)


def tell(connection: sa.Connection, name: str, order: UUID, at: datetime) -> None:
    event = new_id()
    add(connection, EVENT, id=event, name=name, subject_id=order, data="{}", at=at)
    add(connection, OUTBOX, event_id=event, shard=0)


# Running it ------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("step", choices=[*STEPS, "intake"])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3)
    asked = parser.parse_args()
    engine = connect(asked.url)
    rows.drop_all(engine)
    rows.create_all(engine)
    said = intake(engine) if asked.step == "intake" else sell(engine, asked.step, asked.clients, asked.seconds)
    print(json.dumps(said))


def connect(url: str) -> sa.Engine:
    """Return an engine as careful with the disk as the shop's own."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": LONGEST_WAIT})
        sqlite.prepare(engine)
        return engine
    return sa.create_engine(url, isolation_level="READ COMMITTED")


def sell(engine: sa.Engine, step: str, clients: int, seconds: float) -> dict[str, float]:
    """Run a step in `clients` processes at once."""
    count = min(MOST_SALES, int(MOST_PER_SECOND * seconds))
    pairs = prepare(engine, count, paid_for=step == "apply")
    engine.dispose()
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(clients), context.Queue()
    url = engine.url.render_as_string(hide_password=False)
    writers = [
        context.Process(target=write, args=(url, step, pairs[n::clients], seconds, barrier, answers), daemon=True)
        for n in range(clients)
    ]
    for writer in writers:
        writer.start()
    said = [answers.get(timeout=PATIENCE) for _ in writers]
    for writer in writers:
        writer.join()
    check(engine)
    laps = [lap for own, _ in said for lap in own]
    value = round(len(laps) / max(took for _, took in said), 1)
    return {"value": value, "p50_ms": percentile_ms(laps, 0.5), "p99_ms": percentile_ms(laps, 0.99)}


def write(url: str, step: str, pairs: Sequence[Pair], seconds: float, barrier: Any, answers: Any) -> None:
    """Be one writer: a lap for each pair, until the time is over."""
    engine, laps = connect(url), []
    engine.connect().close()
    barrier.wait()
    began = time.perf_counter()
    for pair in pairs:
        start = time.perf_counter()
        if start - began > seconds:
            break
        queue = sqlite.turn(engine) if engine.dialect.name == "sqlite" else nullcontext()
        with queue, engine.begin() as connection:
            if not STEPS[step](connection, pair, pair[0].hex):
                raise RuntimeError(f"{step} found nothing to do")
        laps.append(time.perf_counter() - start)
    answers.put((laps, time.perf_counter() - began))


def prepare(engine: sa.Engine, count: int, *, paid_for: bool) -> list[Pair]:
    """Stock the shop for so many sales; with `paid_for` its orders are placed already, in bulk."""
    pairs = [(new_id(), new_id()) for _ in range(count)]
    held = [part if paid_for else None for _, part in pairs]
    at = datetime.now(UTC)
    stock = [
        {"shop": SHOP, "id": new_id(), "sku": SKU, "lane": 0, "pick": n, "held_by": part, "entitlement_id": None}
        | {"status": HELD if part else FREE, "sealed": b"x" * 60}
        for n, part in enumerate(held)
    ]
    base = {"shop": SHOP, "contact": "a@example.com", "paid_at": None, "at": at}
    with engine.begin() as connection:
        connection.execute(sa.insert(CODE), stock)
        if paid_for:
            orders = [base | {"id": order, "state": "pending", "total": 1999} for order, _ in pairs]
            due = {"shop": SHOP, "state": "due", "amount": 1999}
            tenders = [due | {"id": new_id(), "order_id": order} for order, _ in pairs]
            connection.execute(sa.insert(ORDER), orders)
            connection.execute(sa.insert(TENDER), tenders)
    settle(engine)
    return pairs


def settle(engine: sa.Engine) -> None:
    """Let the engine tidy up, so that a run does not pay for the one before it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE")


def check(engine: sa.Engine) -> None:
    """Raise unless the rows keep the promises of a sale."""
    with engine.connect() as connection:

        def count(query: str) -> int:
            return int(connection.execute(sa.text(query)).scalar_one())

        paid = count("SELECT count(*) FROM orders WHERE state = 'paid'")
        owned = count("SELECT count(DISTINCT code_id) FROM entitlement")
        sold = count("SELECT count(*) FROM code WHERE status = 2")
        taken = count("SELECT count(*) FROM code WHERE status > 0")
        orders = count("SELECT count(*) FROM orders")
        rest = count("SELECT coalesce(sum(amount), 0) FROM entry")
    if not (paid == owned == sold and taken == orders and rest == 0):
        raise RuntimeError(f"paid {paid}, owned {owned}, sold {sold}; taken {taken} of {orders}; entries {rest}")


def intake(engine: sa.Engine) -> dict[str, float]:
    """Insert ready-made codes, a transaction a slice, one writer."""
    batch = {"shop": SHOP, "sku_id": new_id(), "batch_id": new_id(), "key_id": new_id(), "status": FREE, "lane": 0}
    laps = []
    for number in range(SLICES):
        codes = [
            batch
            | {"id": new_id(), "pick": line, "sealed": b"x" * 60, "fingerprint": new_id().bytes * 2}
            | {"tail": "ABCD", "cost": 1000, "line": line}
            for line in range(number * SLICE, (number + 1) * SLICE)
        ]
        start = time.perf_counter()
        with engine.begin() as connection:
            connection.execute(sa.insert(INTAKE), codes)
        laps.append(time.perf_counter() - start)
    value = round(SLICE * SLICES / sum(laps), 1)
    return {"value": value, "p50_ms": percentile_ms(laps, 0.5), "p99_ms": percentile_ms(laps, 0.99)}


if __name__ == "__main__":
    main()
