"""Files of other systems as rows: SQL dumps, CSV, workbooks; read as a stream as often as somebody asks. Pure."""

import codecs
import csv
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby

from app.kit import sheets
from app.migration.dumps import Row, is_dump, rows_of
from app.migration.errors import UnreadableTable

PIECE = 1024 * 1024
START = 4096
MOST_SHEETS = 10
LARGEST_BOOK = 64 * 1024 * 1024
NULLS = {"NULL", "\\N"}
ENCODINGS = ("utf-8", "gb18030")

Pieces = Callable[[], Iterable[bytes]]


class Held:
    """An upload held in memory, packed, so that it can be read twice without lying on a disk."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._packed: list[bytes] = []
        rest = bytearray()
        for piece in pieces:
            rest += piece
            if len(rest) >= PIECE:
                self._packed.append(zlib.compress(rest, 1))
                rest = bytearray()
        self._packed.append(zlib.compress(rest, 1))

    def __call__(self) -> Iterator[bytes]:
        return map(zlib.decompress, self._packed)


def read_rows(pieces: Pieces, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a file, each with its table's name; a CSV has none. Refuses with UnreadableTable."""
    start = b"".join(_first(pieces()))
    if start.startswith(b"PK\x03\x04"):
        yield from _book_rows(pieces)
        return
    encoding = _encoding_of(pieces())
    if is_dump(start.removeprefix(codecs.BOM_UTF8).decode(encoding, "ignore")):
        yield from rows_of(_texts(pieces(), encoding), is_wanted)
        return
    try:
        yield from _csv_rows(_lines(_texts(pieces(), encoding)))
    except csv.Error:
        raise UnreadableTable from None


def _first(pieces: Iterable[bytes]) -> Iterator[bytes]:
    length = 0
    for piece in pieces:
        yield piece
        length += len(piece)
        if length > START:
            return


def _encoding_of(pieces: Iterable[bytes]) -> str:
    """Return the encoding that a whole file can be read in, UTF-8 before GB18030, or refuse."""
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    for piece in chain(pieces, [b""]):
        if b"\0" in piece:
            raise UnreadableTable
        for name, decoder in list(decoders.items()):
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError:
                del decoders[name]
    if not decoders:
        raise UnreadableTable
    return next(iter(decoders))


def _texts(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    mark = "\N{BYTE ORDER MARK}"
    for piece in pieces:
        text = decoder.decode(piece)
        yield text.removeprefix(mark) if mark else text
        mark = mark if not text else ""


def _lines(texts: Iterable[str]) -> Iterator[str]:
    rest = ""
    for text in texts:
        lines = (rest + text).replace("\r\n", "\n").split("\n")
        rest = lines.pop()
        yield from (line + "\n" for line in lines)
    if rest:
        yield rest


def _csv_rows(lines: Iterator[str]) -> Iterator[tuple[str, Row]]:
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    yield from _named("", csv.reader(chain([first], lines), delimiter=delimiter))


def _book_rows(pieces: Pieces) -> Iterator[tuple[str, Row]]:
    book = bytearray()
    for piece in pieces():
        book += piece
        if len(book) > LARGEST_BOOK:
            raise UnreadableTable
    try:
        for name, rows in groupby(sheets.read_sheets(bytes(book), most=MOST_SHEETS), key=lambda row: row[0]):
            yield from _named(name, (row[1] for row in rows))
    except sheets.NotASheet:
        raise UnreadableTable from None


def _named(table: str, rows: Iterable[list[str]]) -> Iterator[tuple[str, Row]]:
    """Yield rows under the names of their first, those that are empty left out."""
    names: list[str] = []
    for row in rows:
        if not any(map(str.strip, row)):
            continue
        if not names:
            names = [cell.strip().lower() for cell in row]
        else:
            cells = (None if cell in NULLS else cell.strip() for cell in row)
            yield table, dict(zip(names, cells, strict=False))
