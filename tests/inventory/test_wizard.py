"""An import in four steps: what the dry run counts is what comes in, and nobody is lost or doubled on the way."""

import re
import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.inventory import files, queries, service
from app.inventory.errors import MissingColumn, NothingNew, NotStaged, StoppedByChoice
from app.inventory.models import Batch, BatchState, Code, ImportChunk, ImportIssue
from app.inventory.queries import IMPORT, Plan
from app.inventory.service import imports as importing
from app.kit import clock, db, tasks
from app.kit.errors import NotFound
from app.kit.events import SYSTEM
from app.kit.ids import public
from tests.inventory import pool
from tests.inventory.staging import check, check_later, stage, stage_and_check
from tests.inventory.test_killed import drain, later, run_until
from tests.make import Shop, make_product

FAR = 500
SKIP = {"duplicates": "skip", "invalid": "skip"}


def begin(shop: Shop, number: UUID, **choices: Any) -> Batch:
    """Decide for a checked file, and let a worker import it."""
    chosen: dict[str, Any] = {"duplicates": "skip", "invalid": "skip"} | choices
    task = shop.write(lambda: service.begin_import(number, by=SYSTEM, now=clock.now(), **chosen))
    tasks.run(shop.merchant_id, task)
    return shop.read(lambda: queries.get_batch(number))


def counted(plan: Plan) -> dict[str, int]:
    assert plan.check
    assert plan.check.state == "done"
    return {name: getattr(plan.check, name) for name in queries.ROW_CLASSES}


def sell(shop: Shop, code: str) -> None:
    shop.imports(code)
    order = shop.place()
    assert shop.pay(order)


def test_the_check_counts_what_the_import_then_does(shop: Shop) -> None:
    sell(shop, sold := pool.fresh_codes(1)[0])
    shop.imports(stocked := pool.fresh_codes(1)[0])
    codes = pool.fresh_codes(40)
    text = "\n".join(["code", *codes, "", codes[3].lower(), stocked, sold, "x" * 501])
    before = pool.codes(shop)

    number = stage(shop, text)
    plan = check(shop, number)

    assert counted(plan) == {"new": 40, "in_file": 1, "in_stock": 1, "was_sold": 1, "invalid": 1}
    assert plan.check
    assert plan.check.total == 44
    assert pool.codes(shop) == before
    assert shop.read(lambda: queries.get_batch(number)).total == 0
    batch = begin(shop, number)
    assert pool.numbers(batch) == (40, 1, 2, 1)
    assert {(line, kind) for line, kind, _ in pool.issues(shop, batch)} == {
        (43, "IN_FILE"),
        (44, "IN_STOCK"),
        (45, "WAS_SOLD"),
        (46, "INVALID"),
    }
    assert pool.codes(shop) == [*before, *codes]
    assert shop.read(lambda: pool.rows(ImportChunk)) == []


def test_each_number_opens_its_rows_and_none_of_them_in_clear(shop: Shop) -> None:
    codes = pool.fresh_codes(5)
    number = stage_and_check(shop, "\n".join([*codes, codes[0], "\x07", *pool.fresh_codes(2)]))

    def rows(name: str, after: int = 0, limit: int = 100) -> list[tuple[int, str, str]]:
        found, plan = queries.get_staged(number)
        shown = queries.list_rows(found, plan, name, after=after, limit=limit)
        return [(row.line, row.reason, row.cells[0].tail) for row in shown]

    assert shop.read(lambda: rows("in_file")) == [(6, "", codes[0][-4:])]
    assert shop.read(lambda: rows("invalid")) == [(7, "unprintable", "")]
    new = shop.read(lambda: rows("new"))
    assert [line for line, _, _ in new] == [1, 2, 3, 4, 5, 8, 9]
    assert shop.read(lambda: rows("new", after=2, limit=2)) == new[2:4]


@pytest.mark.usefixtures("small")
def test_the_rows_of_a_file_of_many_chunks_are_found_by_their_lines(shop: Shop) -> None:
    codes = pool.fresh_codes(200)
    for place in (60, 130, 199):
        codes[place] = codes[place - 50]
    number = stage_and_check(shop, "code\n\n" + "\n".join(codes))

    def rows(name: str) -> list[tuple[int, str]]:
        found, plan = queries.get_staged(number)
        return [(row.line, row.cells[0].tail) for row in queries.list_rows(found, plan, name, after=0, limit=500)]

    expected = [(place + 3, code[-4:]) for place, code in enumerate(codes)]
    assert shop.read(lambda: rows("in_file")) == [expected[60], expected[130], expected[199]]
    assert shop.read(lambda: rows("new")) == [row for n, row in enumerate(expected) if n not in {60, 130, 199}]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small chunks and slices, so that a short file takes many units."""
    monkeypatch.setattr(files, "CHUNK", 700)
    monkeypatch.setattr(importing, "SLICE", 20)


# Killed ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_killed_at_any_commit_of_any_step_no_row_is_lost_or_doubled(shop: Shop) -> None:
    ends = list(kill_everywhere(shop))

    assert {"never there", "undecided", "complete"} == set(ends)
    assert len(ends) >= 15


def kill_everywhere(shop: Shop) -> Iterator[str]:
    for point in range(1, FAR):
        sku = make_product(shop, kind=Kind.CODE)
        rows = pool.fresh_codes(60, 30)
        rows[30], rows[50], rows[55] = rows[3], rows[29], "\x07"
        if run_until(point, lambda: walk(shop, "\n".join(rows), sku)):  # noqa: B023 (runs here)
            return
        later(1, drain)()
        yield ending(shop, sku, [row for number, row in enumerate(rows) if number not in {30, 50, 55}])


def walk(shop: Shop, text: str, sku: str) -> None:
    """Do all that a merchant and a worker do, one step after the other."""
    number = stage_and_check(shop, text, sku=sku)
    begin(shop, number)


def ending(shop: Shop, sku: str, expected: list[str]) -> str:
    """Return what has become of a file, and let the merchant go on where they find it."""
    sku_id = shop.read(lambda: catalog.get_sku(sku).id)
    found = shop.read(lambda: db.session().scalars(select(Batch).where(Batch.sku_id == sku_id)).all())
    if not found or found[0].state is BatchState.RECEIVING:
        return "never there"
    (batch,), undecided = found, found[0].state is BatchState.STAGED
    if undecided:
        counts = counted(check(shop, batch.id))
        assert counts == {"new": 57, "in_file": 2, "in_stock": 0, "was_sold": 0, "invalid": 1}
        batch = begin(shop, batch.id)
    assert (batch.state, pool.numbers(batch)) == (BatchState.READY, (57, 2, 0, 1))
    assert pool.codes(shop, sku) == expected
    assert [line for line, _, _ in pool.issues(shop, batch)] == [31, 51, 56]
    own = ImportChunk.batch_id == batch.id
    assert shop.read(lambda: db.session().scalars(select(ImportChunk.number).where(own)).all()) == []
    return "undecided" if undecided else "complete"


@pytest.mark.usefixtures("small")
def test_a_check_goes_on_in_another_process_with_the_same_counts(shop: Shop) -> None:
    codes = pool.fresh_codes(100)
    number = stage(shop, "\n".join([*codes, *reversed(codes)]))
    shop.write(lambda: check_later(number))
    for _ in range(3):
        shop.write(lambda: service.check_slice(number))
        service.checking._last.clear()  # as a process that knows nothing of what was before

    drain()

    plan = shop.read(lambda: queries.get_staged(number))[1]
    assert counted(plan) == {"new": 100, "in_file": 100, "in_stock": 0, "was_sold": 0, "invalid": 0}


# Columns ---------------------------------------------------------------------------------------------------------


def test_twenty_thousand_rows_of_gb18030_keep_their_expiry_and_tags(shop: Shop) -> None:
    codes = pool.fresh_codes(20_000)
    lines = [f"{code};{2030 + n % 3}/1/31;春节 礼品{n % 2}" for n, code in enumerate(codes)]
    data = ("卡密;有效期;标签\r\n" + "\r\n".join(lines)).encode("gb18030")

    began = time.monotonic()
    number = stage(shop, data)
    plan = check(shop, number)
    batch = begin(shop, number)

    assert time.monotonic() - began < 30
    assert (batch.encoding, batch.delimiter, batch.columns) == ("gb18030", ";", "code,expires,tags")
    assert counted(plan)["new"] == batch.imported == 20_000
    first, second = shop.read(lambda: db.session().scalars(select(Code).order_by(Code.pick).limit(2)).all())
    assert (first.expires_on, first.tags, second.tags) == (date(2030, 1, 31), "春节 礼品0", "春节 礼品1")
    assert second.expires_on == date(2031, 1, 31)


def test_columns_that_were_chosen_are_proposed_the_next_time(shop: Shop) -> None:
    sku = make_product(shop, kind=Kind.CARD)
    number = stage(shop, "serial,secret word\n1001,2222\n1002,3333\n", sku=sku)
    form = queries.Format(",", ("number", "pin"), has_header=True)
    shop.write(lambda: service.check_import(number, service.Layout(0, "utf-8", form), now=clock.now()))

    numbers = [stage(shop, f"{first}\n7001,8222\n", sku=sku) for first in ("Serial,Secret word", "nothing,like that")]
    again, other = (shop.read(partial(queries.get_staged, number)) for number in numbers)

    assert (again[0].columns, again[1].has_header) == ("number,pin", True)
    assert (other[0].columns, other[1].has_header) == ("number,pin", False)


def test_columns_that_do_not_fit_are_refused(shop: Shop) -> None:
    number = stage(shop, "a,b\n1,2\n")
    layout = service.Layout(0, "utf-8", queries.Format(",", ("", "tags"), has_header=True))

    with pytest.raises(MissingColumn, match="“code” is missing"):
        shop.write(lambda: service.check_import(number, layout, now=clock.now()))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2030-01-31", date(2030, 1, 31)),
        ("2030年1月31日", date(2030, 1, 31)),
        ("20300131", date(2030, 1, 31)),
        ("47514", date(2030, 1, 31)),
        ("2030-01-31 00:00:00", date(2030, 1, 31)),
        ("soon", None),
        ("2030-13-01", None),
    ],
)
def test_an_expiry_is_read_as_people_and_spreadsheets_write_it(shop: Shop, written: str, day: date | None) -> None:
    number = stage_and_check(shop, f"code,expires\nA1B2,{written}\nA1B3,\n")

    assert begin(shop, number).invalid == (0 if day else 1)
    rows = shop.read(lambda: [row.expires_on for row in db.session().scalars(select(Code).order_by(Code.pick))])
    assert rows == ([day, None] if day else [None])


# Deciding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["duplicates", "invalid"])
def test_who_chose_to_stop_gets_nothing_in_while_there_is_cause(shop: Shop, choice: str) -> None:
    number = stage_and_check(shop, "A1B2\nA1B2\n\x07\nC3D4")

    with pytest.raises(StoppedByChoice):
        begin(shop, number, **{choice: "stop"})

    assert pool.codes(shop) == []
    assert pool.numbers(begin(shop, number)) == (2, 1, 0, 1)


def test_an_import_stops_before_what_came_into_stock_meanwhile(shop: Shop) -> None:
    number = stage_and_check(shop, "A1B2\nC3D4\n")
    shop.imports("C3D4")

    stopped = begin(shop, number, duplicates="stop")

    assert (stopped.state, queries.read_plan(stopped.choices).stopped_at) == (BatchState.FAILED, 2)
    assert pool.codes(shop) == ["C3D4"]
    shop.write(lambda: service.retry_import(number, now=clock.now()))
    drain()
    assert pool.numbers(shop.read(lambda: queries.get_batch(number))) == (1, 0, 1, 0)


def test_a_file_without_anything_new_is_not_imported(shop: Shop) -> None:
    shop.imports("A1B2")
    number = stage_and_check(shop, "A1B2")

    with pytest.raises(NothingNew):
        begin(shop, number)


def test_a_file_that_is_given_up_leaves_nothing(shop: Shop) -> None:
    before = pool.traces(shop)
    number = stage_and_check(shop, "A1B2\nA1B2")

    shop.write(lambda: service.drop_import(number, by=SYSTEM, now=clock.now()))

    assert pool.traces(shop) == before
    drain()


def test_a_file_that_nobody_decides_about_is_wiped_after_a_day(shop: Shop) -> None:
    number = stage_and_check(shop, "A1B2\nA1B2")
    later(23, drain)()
    assert shop.read(lambda: queries.get_staged(number))

    later(25, drain)()

    assert pool.traces(shop) == pool.NOTHING


def test_nobody_decides_twice(shop: Shop) -> None:
    number = stage_and_check(shop, "A1B2")
    begin(shop, number)

    for again in (begin, check):
        with pytest.raises(NotStaged):
            again(shop, number)


@pytest.mark.usefixtures("small")
def test_an_import_that_is_cancelled_keeps_what_is_in_and_wipes_the_rest(shop: Shop) -> None:
    codes = pool.fresh_codes(200)
    number = stage_and_check(shop, "\n".join(codes))
    chosen: dict[str, Any] = {"duplicates": "skip", "invalid": "skip"}
    shop.write(lambda: service.begin_import(number, by=SYSTEM, now=clock.now(), **chosen))
    shop.write(lambda: service.import_slice(number, now=clock.now()))

    shop.write(lambda: service.cancel_import(number, by=SYSTEM, now=clock.now()))
    drain()

    batch = shop.read(lambda: queries.get_batch(number))
    task = shop.read(lambda: tasks.find(IMPORT, number))
    assert task
    assert (batch.state, batch.imported, task.state) == (BatchState.READY, 20, tasks.State.CANCELLED)
    assert pool.codes(shop) == codes[:20]
    assert shop.read(lambda: (pool.rows(ImportChunk), pool.rows(ImportIssue))) == ([], [])
    assert shop.stock()["available"] == 20


# The plaintext ---------------------------------------------------------------------------------------------------


def test_what_waits_is_sealed_and_the_page_shows_the_last_letters_alone(shop: Shop) -> None:
    codes = pool.fresh_codes(30)
    number = stage_and_check(shop, "\n".join([*codes, codes[4]]))
    browser = shop.client()
    browser.sign_in(shop.owner)
    url = f"/office/{shop.slug}/imports/{public('bat', number)}"

    pages = [browser.get(url + rest, buffered=True).get_data(as_text=True) for rest in ("", "/check", "/rows?of=new")]
    pages += [browser.get(f"{url}/rows/export?of=in_file&kind=csv", buffered=True).get_data(as_text=True)]

    said = "".join(pages)
    assert codes[4][-4:] in pages[0]
    assert codes[4][-4:] in pages[3]
    assert re.findall(r'data-count="(\w+)">(\d+)', pages[1])[:3] == [("total", "31"), ("new", "30"), ("in_file", "1")]
    sealed = shop.read(lambda: [row.sealed for row in pool.rows(ImportChunk)])
    for code in codes:
        assert code not in said
        assert not any(code.encode() in blob for blob in sealed)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_a_hundred_thousand_rows_are_checked_while_one_looks_on(shop: Shop) -> None:
    """Alone it takes a few seconds; how many, the benches tell: here others may want the processors, too."""
    number = stage(shop, "\n".join(pool.fresh_codes(100_000)))
    began = time.monotonic()

    plan = check(shop, number)

    assert counted(plan)["new"] == 100_000
    assert time.monotonic() - began < 30


def test_codes_come_into_the_lane_that_was_chosen_and_no_other(shop: Shop) -> None:
    sku = shop.read(lambda: catalog.get_sku(shop.sku).id)
    number = stage_and_check(shop, "\n".join(pool.fresh_codes(3)))
    with pytest.raises(NotFound):
        shop.write(lambda: service.begin_import(number, **SKIP, lane=1, by=SYSTEM, now=clock.now()))
    lane = shop.write(lambda: service.set_lane(sku, name="Agents", steer_days=None, now=clock.now(), by=SYSTEM)).number
    task = shop.write(lambda: service.begin_import(number, **SKIP, lane=lane, by=SYSTEM, now=clock.now()))

    tasks.run(shop.merchant_id, task)

    assert shop.read(lambda: queries.count_by_lane(sku, today=pool.today())) == {lane: 3}
    assert shop.read(lambda: queries.get_batch(number).lane) == lane
