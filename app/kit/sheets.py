"""Tables as files: CSV, XLSX and plain text written while they are streamed, XLSX read.

A workbook is written straight into a zip that leaves piece by piece: nothing lies on a disk, the first bytes leave at
once, and the memory it takes does not grow with the rows. (xlsxwriter can begin to send only when it has the last row.)
"""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import count
from subprocess import DEVNULL, PIPE
from xml.sax.saxutils import escape

from app.kit import workbook_reader

ROWS_AT_ONCE = 500
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet would compute, or worse, when it opens a CSV
MARK = "\N{BYTE ORDER MARK}"  # without it a spreadsheet takes Chinese for Latin
LARGEST = 192 * 1024 * 1024  # of a workbook, unpacked: a million rows of two columns


class NotASheet(Exception):
    """The bytes are no workbook, or one that unpacks to more than anybody types."""


def csv_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Yield a CSV file with a header, in pieces."""
    text = io.StringIO()
    writer = csv.writer(text)
    text.write(MARK)
    writer.writerow(map(_harmless, header))
    yield _taken(text)
    for some in _some(rows):
        writer.writerows([_harmless(cell) for cell in row] for row in some)
        yield _taken(text)


def text_file(_header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Yield a line each, cells apart by tabs, nothing put before or around them."""
    for some in _some(rows):
        yield "".join("\t".join(cell for cell in row if cell) + "\r\n" for row in some).encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return taken


# Workbooks -------------------------------------------------------------------------------------------------------

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org"
TYPES = f"{XML}<Types xmlns='{OFFICE}/package/2006/content-types'>" + "".join(
    f"<{kind} {key}='{name}' ContentType='application/{mime}+xml'/>"
    for kind, key, name, mime in (
        ("Default", "Extension", "rels", "vnd.openxmlformats-package.relationships"),
        ("Override", "PartName", "/xl/workbook.xml", "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main"),
        (
            "Override",
            "PartName",
            "/xl/worksheets/sheet1.xml",
            "vnd.openxmlformats-officedocument.spreadsheetml.worksheet",
        ),
        ("Override", "PartName", "/xl/styles.xml", "vnd.openxmlformats-officedocument.spreadsheetml.styles"),
    )
)
RELATION = (
    f"<Relationship Id='{{number}}' Type='{OFFICE}/officeDocument/2006/relationships/{{kind}}' Target='{{target}}'/>"
)
BOOK = (
    f"{XML}<workbook xmlns='{OFFICE}/spreadsheetml/2006/main' xmlns:r='{OFFICE}/officeDocument/2006/relationships'>"
    "<bookViews><workbookView/></bookViews><sheets><sheet name='1' sheetId='1' r:id='rId1'/></sheets></workbook>"
)
FONTS = "<fonts count='2'><font><sz val='11'/></font><font><b/><sz val='11'/></font></fonts>"
FILL = "<fill><patternFill patternType='{0}'/></fill>".format
FILLS = f"<fills count='2'>{FILL('none')}{FILL('gray125')}</fills>"
BORDERS = "<borders count='1'><border><left/><right/><top/><bottom/></border></borders>"
LOOKS = "".join(
    f"<xf numFmtId='49' fontId='{font}' fillId='0' borderId='0' xfId='0'/>" for font in range(2)
)  # 49: text
STYLES = (
    f"{XML}<styleSheet xmlns='{OFFICE}/spreadsheetml/2006/main'>{FONTS}{FILLS}{BORDERS}"
    "<cellStyleXfs count='1'><xf numFmtId='0' fontId='0' fillId='0' borderId='0'/></cellStyleXfs>"
    f"<cellXfs count='2'>{LOOKS}</cellXfs></styleSheet>"
)


def _relations(**targets: str) -> str:
    inside = (
        RELATION.format(number=f"rId{n}", kind=kind, target=to) for n, (kind, to) in enumerate(targets.items(), 1)
    )
    return f"{XML}<Relationships xmlns='{OFFICE}/package/2006/relationships'>{''.join(inside)}</Relationships>"


PARTS = (
    ("[Content_Types].xml", f"{TYPES}</Types>"),
    ("_rels/.rels", _relations(officeDocument="xl/workbook.xml")),
    ("xl/workbook.xml", BOOK),
    ("xl/_rels/workbook.xml.rels", _relations(worksheet="worksheets/sheet1.xml", styles="styles.xml")),
    ("xl/styles.xml", STYLES),
)
SHEET = (  # the header stays in sight, and a code has room in its column
    f"{XML}<worksheet xmlns='{OFFICE}/spreadsheetml/2006/main'><sheetViews><sheetView workbookViewId='0'>"
    "<pane ySplit='1' topLeftCell='A2' activePane='bottomLeft' state='frozen'/></sheetView></sheetViews>"
    "<sheetFormatPr defaultColWidth='26' defaultRowHeight='15'/><sheetData>"
)
# XML 1.0 has no way to write most control characters, and a spreadsheet refuses a file with one.
UNWRITABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])


class _Sink(io.RawIOBase):
    """Where a zip is written that leaves at once; it cannot be sought, so sizes stand behind each part."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]
        self.pieces.append(taken)
        return len(taken)

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        return taken


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Yield a workbook of one sheet, in pieces; every cell is text, so that no code loses its zeros."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as book:
        for name, text in PARTS:
            book.writestr(name, text)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write((SHEET + _line(header, 1, look=1)).encode())
            yield sink.take()
            number = count(2)
            for some in _some(rows):
                sheet.write("".join(map(_line, some, number)).encode())
                yield sink.take()
            sheet.write(b"</sheetData></worksheet>")
    yield sink.take()


def _line(row: Sequence[str], number: int, look: int = 0) -> str:
    """Return a row whose cells say where they are: the format leaves that open, but Gnumeric reads none without."""
    cells = (_cell(f"{_column(at)}{number}", look, text) for at, text in enumerate(row))
    return f"<row r='{number}'>{''.join(cells)}</row>"


def _cell(place: str, look: int, text: str) -> str:
    return f"<c r='{place}' s='{look}' t='inlineStr'><is><t xml:space='preserve'>{_written(text)}</t></is></c>"


@cache
def _column(at: int) -> str:
    """Return the letters of a column, counted from 0: A … Z, AA …"""
    before, letter = divmod(at, 26)
    return (_column(before - 1) if before else "") + chr(ord("A") + letter)


def _written(cell: str) -> str:
    return escape(cell.translate(UNWRITABLE))


def _some(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    some: list[Sequence[str]] = []
    for row in rows:
        some.append(row)
        if len(some) == ROWS_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def read_xlsx(book: bytes) -> Iterator[list[str]]:
    """Yield the rows of a workbook's first sheet as text, without those that are empty. Raises NotASheet."""
    for _, row in read_sheets(book, most=1):
        if any(row):
            yield row


def read_sheets(book: bytes, *, most: int) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows of a workbook's first sheets, each with its sheet's name. Raises NotASheet.

    Another process reads it, so that a book that grows without end when it is unpacked ends that process alone.
    """
    _check_size(book)
    command = (sys.executable, "-I", workbook_reader.__file__, str(most))
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}) as reader:
        try:
            yield from _told(reader, book)
        finally:
            reader.kill()
            reader.wait()


def _told(reader: "subprocess.Popen[bytes]", book: bytes) -> Iterator[tuple[str, list[str]]]:
    assert reader.stdin
    assert reader.stdout
    try:
        reader.stdin.write(book)
        reader.stdin.close()
    except BrokenPipeError as error:
        raise NotASheet from error
    name = ""
    for line in reader.stdout:
        said = json.loads(line) if line.endswith(b"\n") else None
        if isinstance(said, list):
            yield name, said
        name = said if isinstance(said, str) else name
    if reader.wait():
        raise NotASheet


def _check_size(book: bytes) -> None:
    """Refuse at once what says itself that it is too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(book)) as parts:
            if sum(part.file_size for part in parts.infolist()) > LARGEST:
                raise NotASheet
    except zipfile.BadZipFile as error:
        raise NotASheet from error
