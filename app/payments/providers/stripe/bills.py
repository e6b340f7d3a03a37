"""The bill of a day: every movement of the account's balance, from midnight to midnight in UTC as Stripe's reports."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.kit.effects import Answer, Done, Refused
from app.kit.money import NotMoney
from app.payments.providers.stripe.amounts import from_stripe
from app.payments.providers.stripe.line import Ended, Line

# Amounts in minor units as we count: first what the buyer paid or got back, then what moved on the account's balance.
COLUMNS = (
    "id",
    "created",
    "type",
    "source",
    "trade_no",
    "trade",
    "payback",
    "amount",
    "currency",
    "settled",
    "fee",
    "net",
    "settled_currency",
)
AT_ONCE = 50
MOST = 20_000

Row = Mapping[str, Any]


def bill(day: date, line: Line) -> Answer:
    """Return the movements of a day as CSV."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    for count, row in enumerate(_rows(day, line)):
        if count >= MOST:
            return Refused("too many movements in one day")
        try:
            table.writerow(_line(row))
        except NotMoney:
            return Refused("an amount cannot be read")
    return Done(text.getvalue().encode())


def _rows(day: date, line: Line) -> Iterator[Row]:
    """List the movements, oldest last, a page at a time."""
    start = datetime.combine(day, time(), UTC)
    within = {"gte": int(start.timestamp()), "lt": int((start + timedelta(days=1)).timestamp())}
    after: dict[str, str] = {}
    while True:
        wish = {"created": within, "limit": AT_ONCE, "expand": ("data.source",)} | after
        said = line.look("balance_transactions", wish)
        if said.status != 200:
            raise Ended(Refused(said.reason))
        page, rows = said.body, said.body.get("data")
        movements = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        yield from movements
        if not page.get("has_more") or not movements:
            return
        after = {"starting_after": str(movements[-1].get("id"))}


def _line(row: Row) -> dict[str, object]:
    source = _thing(row.get("source"))
    ours = _thing(source.get("metadata"))
    settled, fee, net = (from_stripe(row.get(name), row.get("currency")) for name in ("amount", "fee", "net"))
    moved = from_stripe(source["amount"], source["currency"]) if {"amount", "currency"} <= set(source) else settled
    sign = -1 if settled.minor < 0 < moved.minor else 1
    return {
        "id": row.get("id"),
        "created": datetime.fromtimestamp(int(row.get("created") or 0), UTC).isoformat(),
        "type": row.get("type"),
        "source": source.get("id") or row.get("source"),
        "trade_no": source.get("payment_intent"),
        "trade": ours.get("trade"),
        "payback": ours.get("payback"),
        "amount": sign * moved.minor,
        "currency": moved.currency,
        "settled": settled.minor,
        "fee": fee.minor,
        "net": net.minor,
        "settled_currency": settled.currency,
    }


def _thing(value: object) -> Row:
    return value if isinstance(value, Mapping) else {}
