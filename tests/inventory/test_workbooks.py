"""Workbooks as lists of codes: every cell as it was written, and no bomb gets further than its own process."""

import io
import time
import zipfile
from typing import Any

import pytest

from app.catalog.models import Kind
from app.inventory.errors import UnreadableWorkbook
from app.kit import sheets
from tests.engines import on_sqlite
from tests.inventory import pool
from tests.inventory.staging import stage, stage_and_check
from tests.inventory.test_wizard import begin
from tests.make import Shop, make_product


def book(*rows: list[str]) -> bytes:
    return b"".join(sheets.xlsx_file(rows[0], rows[1:]))


def bomb(sheet: str, *, members: int = 1) -> bytes:
    """Return a workbook whose sheet is this XML, as often as there are members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, text in sheets.PARTS:
            parts.writestr(name, text)
        parts.writestr("xl/worksheets/sheet1.xml", sheets.SHEET + sheet)
        for number in range(members - 1):
            parts.writestr(f"xl/media/{number}.bin", b"\0" * 30_000_000)
    return packed.getvalue()


def test_a_workbook_comes_in_as_it_was_written(shop: Shop) -> None:
    sku = make_product(shop, kind=Kind.CARD)
    rows = [["卡号", "密码", "有效期"], ["0062,22", '1"2', "2031-02-03"], ["", "", ""], ["00631", "007", ""]]

    number = stage_and_check(shop, book(*rows), sku=sku)
    batch = begin(shop, number)

    assert pool.numbers(batch) == (2, 0, 0, 0)
    assert pool.contents(shop, sku) == [{"number": "0062,22", "pin": '1"2'}, {"number": "00631", "pin": "007"}]


def test_the_command_line_takes_a_workbook_in_one_step(shop: Shop) -> None:
    batch = pool.bring(shop, book(["code"], ["A1-1"], ["A1-2"], ["A1-1"]))

    assert pool.numbers(batch) == (2, 1, 0, 0)


FAR_CELLS = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
BOMBS: dict[str, Any] = {
    "cells far apart": lambda: bomb(FAR_CELLS + "</sheetData></worksheet>"),
    "blanks without end": lambda: bomb(" " * 210_000_000),
    "many large parts": lambda: bomb("</sheetData></worksheet>", members=8),
    "no book at all": lambda: b"PK\x03\x04" + b"x" * 5000,
}


@pytest.mark.parametrize("name", BOMBS)
@on_sqlite
def test_a_bomb_is_refused_in_words_and_leaves_nothing(shop: Shop, name: str) -> None:
    began = time.monotonic()

    with pytest.raises(UnreadableWorkbook, match="Excel file cannot be read"):
        stage(shop, BOMBS[name]())

    assert time.monotonic() - began < 20
    assert pool.traces(shop) == pool.NOTHING
