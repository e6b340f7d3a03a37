"""A list is walked page by page, both ways, and every row is met once; nonsense in its address is passed over."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from app.inventory.models import Stock
from app.kit import db, paging
from app.kit.ids import new_id
from app.kit.listing import Listed, Listing, listed
from app.kit.tokens import sign

COUNT = 120
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDERS: dict[str, tuple[paging.Key, ...]] = {
    "by id": (Stock.sku_id,),
    "by a number many share": (Stock.available, Stock.sku_id),
    "by a moment some share": (Stock.counted_at, Stock.sku_id),
}
LIST = Listing(
    query=lambda: select(Stock),
    keys=ORDERS["by a number many share"],
    filters={"count": lambda query, text: query.where(Stock.available == int(text)) if text.isdigit() else query},
)

MADE_UP: tuple[Any, ...] = (
    None,
    {},
    [],
    [False, []],
    [False, "ab"],
    [False, [1]],
    [False, [1, "not an id"]],
    [False, [1, {"id": 5}]],
    [False, [1, {"id": "zz"}]],
    [False, [1, {"at": 5}]],
    [False, [True, {"id": "0" * 32}]],
    [False, [10**30, {"id": "0" * 32}]],
    [True, ["\0", {"id": "0" * 32}]],
    [False, [{"at": "2026-03-01T12:00:00"}, {"id": "0" * 32}]],
    [False, [None, None]],
)


@pytest.fixture
def rows(merchant: int, stranger: int) -> list[dict[str, Any]]:
    """A hundred and twenty rows of a merchant, and as many of a stranger."""

    def fill(owner: int) -> list[dict[str, Any]]:
        made = [
            {
                "merchant_id": owner,
                "sku_id": new_id(),
                "available": n % 7,
                "counted_at": NOON + timedelta(minutes=n // 3),
            }
            for n in range(COUNT)
        ]
        db.write(owner, lambda: db.session().execute(insert(Stock.__table__), made))  # type: ignore[arg-type]
        return made

    fill(stranger)
    return fill(merchant)


@pytest.mark.parametrize("size", [11, 50, 119, 120, 121])
@pytest.mark.parametrize("order", ORDERS)
def test_a_walk_there_and_back_meets_each_row_once(
    merchant: int, rows: list[dict[str, Any]], order: str, size: int
) -> None:
    keys = ORDERS[order]
    wanted = sorted(rows, key=lambda row: [_plain(row[str(key.key)]) for key in keys], reverse=True)

    there = list(walk(merchant, keys, size))
    back = list(walk(merchant, keys, size, back_from=there[-1]))

    numbers = [row["sku_id"] for row in wanted]
    assert [row.sku_id for page in there for row in page.rows] == numbers
    assert all(len(page.rows) == size for page in there[:-1])
    met = [row.sku_id for page in reversed(back) for row in page.rows]
    assert met == numbers[: len(met)]
    assert len(met) == COUNT - len(there[-1].rows)


def _plain(value: Any) -> Any:
    return value.bytes if isinstance(value, UUID) else value


def walk(
    merchant: int, keys: tuple[paging.Key, ...], size: int, *, back_from: paging.Page[Any] | None = None
) -> Iterator[paging.Page[Any]]:
    """Go from the first page to the last one, or from a page back to the first one."""
    cursor = back_from.previous if back_from else None
    while cursor or back_from is None:
        page = db.read(merchant, lambda: paging.page(select(Stock), keys, cursor=cursor, size=size))  # noqa: B023
        yield page
        cursor = page.previous if back_from else page.next
        if cursor is None:
            return


def test_the_ends_know_that_they_are_ends(merchant: int, rows: list[dict[str, Any]]) -> None:
    pages = list(walk(merchant, ORDERS["by id"], 50))

    assert [page.previous is None for page in pages] == [True, False, False]
    assert [page.next is None for page in pages] == [False, False, True]


def test_an_empty_list_is_one_empty_page(merchant: int) -> None:
    page = db.read(merchant, lambda: paging.page(select(Stock), ORDERS["by id"], cursor=None, size=50))

    assert (page.rows, page.next, page.previous) == ((), None, None)


def test_rows_that_come_and_go_while_walking_shift_nothing(merchant: int, rows: list[dict[str, Any]]) -> None:
    pages = walk(merchant, ORDERS["by id"], 50)
    first = next(pages)
    db.write(merchant, lambda: db.session().add(Stock(sku_id=new_id(), available=1, counted_at=NOON)))
    db.write(merchant, lambda: db.session().delete(db.get(Stock, first.rows[-1].sku_id)))

    rest = [row.sku_id for page in pages for row in page.rows]

    assert [row.sku_id for row in first.rows] + rest == sorted((row["sku_id"] for row in rows), reverse=True)


def ask(merchant: int, **args: str) -> Listed:
    return db.read(merchant, lambda: listed(LIST, args))


def shown(asked: Listed) -> list[UUID]:
    return [row.sku_id for row in asked.page.rows]


def test_a_cursor_that_somebody_made_up_starts_at_the_first_page(merchant: int, rows: list[dict[str, Any]]) -> None:
    first = shown(ask(merchant))

    for text in ("x", "é", "\0", "%%%", "AAAA", "." * 500):
        assert shown(ask(merchant, cursor=text)) == first
    for said in MADE_UP:
        plain = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
        for cursor in (plain, sign("order", said)):
            assert shown(ask(merchant, cursor=cursor)) == first, said


def test_a_cursor_with_one_letter_changed_never_breaks_the_list(merchant: int, rows: list[dict[str, Any]]) -> None:
    cursor = ask(merchant).page.next or ""

    for place in range(0, len(cursor), 9):
        changed = cursor[:place] + ("B" if cursor[place] != "B" else "C") + cursor[place + 1 :]
        assert ask(merchant, cursor=changed).page.rows


def test_a_cursor_of_another_merchant_opens_nothing_of_theirs(
    merchant: int, stranger: int, rows: list[dict[str, Any]]
) -> None:
    theirs = ask(stranger).page.next or ""

    mine = ask(merchant, cursor=theirs).page.rows

    assert {row.merchant_id for row in mine} == {merchant}


def test_a_filter_that_the_list_does_not_know_is_ignored(merchant: int, rows: list[dict[str, Any]]) -> None:
    asked = ask(merchant, size="200", colour="red", merchant_id="0")

    assert len(asked.page.rows) == COUNT
    assert asked.filters == {"count": ""}
    assert not asked.filtered


def test_a_filter_narrows_the_list(merchant: int, rows: list[dict[str, Any]]) -> None:
    for text, found in (("3", 17), (" 3 ", 17), ("99", 0), ("red", COUNT), ("3\0", 17)):
        asked = ask(merchant, count=text, size="200")
        assert (len(asked.page.rows), asked.filtered) == (found, True), text


def test_only_the_offered_sizes_are_served(merchant: int, rows: list[dict[str, Any]]) -> None:
    for size, count in (("", 50), ("50", 50), ("100", 100), ("200", COUNT), ("7", 50), ("-1", 50), ("1e9", 50)):
        assert len(ask(merchant, size=size).page.rows) == count, size
