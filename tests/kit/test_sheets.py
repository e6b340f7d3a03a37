"""Tables as files: what is written is read back, nothing in it is computed, and it leaves piece by piece."""

import csv
import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from string import ascii_uppercase

import pytest

from app.kit import sheets, workbook_reader

HEADER = ["Name", "Code"]
ODD = [["=1+1", "+1"], ["-1", "@x"], ["员工 <1>", "0012"], ['a "b", c', "x\ny"], ["", "\x00\x1fend"]]


def test_a_csv_file_computes_nothing_when_it_is_opened() -> None:
    content = b"".join(sheets.csv_file(HEADER, ODD)).decode("utf-8-sig")

    assert list(csv.reader(io.StringIO(content, newline="")))[1:3] == [["'=1+1", "'+1"], ["'-1", "'@x"]]
    assert b"".join(sheets.csv_file(HEADER, [])).startswith(b"\xef\xbb\xbf")


def test_a_workbook_keeps_every_text_as_it_was() -> None:
    content = b"".join(sheets.xlsx_file(HEADER, ODD))

    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    assert list(sheets.read_xlsx(content)) == [HEADER, *ODD[:4], ["", "end"]]


def test_every_row_and_cell_says_where_it_is() -> None:
    """Some programs read a workbook without that as an empty one."""
    count, width = sheets.ROWS_AT_ONCE + 2, 28
    content = b"".join(sheets.xlsx_file(["x"] * width, [["y"] * width] * count))

    written = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r"<row r='(\d+)'", written) == [str(number) for number in range(1, count + 2)]
    letters = [*ascii_uppercase, "AA", "AB"]
    assert re.findall(r"<c r='([A-Z]+\d+)'", written)[-width:] == [f"{letter}{count + 1}" for letter in letters]


@pytest.mark.parametrize("write", [sheets.csv_file, sheets.xlsx_file])
def test_a_long_file_begins_at_once_and_takes_no_more_memory_than_a_short_one(write: object) -> None:
    asked = 0

    def rows() -> Iterator[list[str]]:
        nonlocal asked
        for number in range(60_000):
            asked += 1
            yield [f"Person {number}", f"{number:016d}"]

    tracemalloc.start()
    pieces = write(HEADER, rows())  # type: ignore[operator]
    first = next(pieces)
    assert first
    assert asked <= sheets.ROWS_AT_ONCE
    length = sum(map(len, pieces))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert length > 200_000
    assert peak < 2_000_000, peak


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b" " * (sheets.LARGEST + 1))
    return content.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip", pytest.param(bomb(), id="bomb")])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(sheets.NotASheet):
        list(sheets.read_xlsx(content))


def test_figures_of_a_workbook_read_as_they_look() -> None:
    assert [workbook_reader._plain(cell) for cell in (12.0, 12.5, " x ", "")] == ["12", "12.5", "x", ""]
