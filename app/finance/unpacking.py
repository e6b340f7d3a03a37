"""Bills as files: zip, gzip or bare, in UTF-8 or GBK, to pieces of text of whole records; never all of it at once.

Only what is packed is held whole, and that is small; what comes out is counted as it comes, so a bomb ends early.
"""

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import IO

from app.finance.errors import BillTooLarge, NotABill

MEGABYTE = 1024 * 1024
LARGEST_PACKED, LARGEST = 32, 256  # megabytes
MEMBERS = 20
PIECE = 64 * 1024
CHUNK = 128 * 1024  # letters
TOP = 100  # lines in which the names of the columns must stand
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


def texts(pieces: Iterable[bytes], is_header: Callable[[str], bool]) -> Iterator[str]:
    """Yield the table in a file as pieces of whole records, from the line on that names its columns.

    Raises NotABill where no such line stands near the top, and BillTooLarge.
    """
    for lines in _tables(iter(pieces)):
        if (found := _from_header(lines, is_header)) is not None:
            yield from _chunks(found)
            return
    raise NotABill


def _tables(pieces: Iterator[bytes]) -> Iterator[Iterator[str]]:
    """Yield the lines of each text in a file."""
    first = next(pieces, b"")
    while len(first) < 4 and (more := next(pieces, b"")):
        first += more
    if first.startswith(b"PK\x03\x04"):
        yield from _zipped(_whole(first, pieces))
    elif first.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=_whole(first, pieces)) as unzipped:
            yield _lines(_read(unzipped))
    else:
        yield _lines(_counted(_joined(first, pieces)))


def _whole(first: bytes, pieces: Iterator[bytes]) -> IO[bytes]:
    held = BytesIO()
    for piece in _joined(first, pieces):
        held.write(piece)
        if held.tell() > LARGEST_PACKED * MEGABYTE:
            raise BillTooLarge(LARGEST)
    held.seek(0)
    return held


def _joined(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _zipped(file: IO[bytes]) -> Iterator[Iterator[str]]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MEMBERS:
                raise NotABill
            if sum(member.file_size for member in members) > LARGEST * MEGABYTE:
                raise BillTooLarge(LARGEST)
            for member in members:
                with archive.open(member) as inside:
                    yield _lines(_read(inside))
    except BROKEN as error:
        raise NotABill from error


def _read(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    def pieces() -> Iterator[bytes]:
        try:
            while piece := file.read(PIECE):
                yield piece
        except BROKEN as error:
            raise NotABill from error

    return _counted(pieces())


def _counted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces while they are not too much: what a file says of its own size is not believed."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST * MEGABYTE:
            raise BillTooLarge(LARGEST)
        yield piece


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """Yield the lines of a text, whose encoding its beginning tells."""
    first = b""
    while len(first) < PIECE and (piece := next(pieces, b"")):
        first += piece
    decoder = codecs.getincrementaldecoder(_encoding(first))()
    rest = ""
    try:
        for piece in _joined(first, pieces):
            *lines, rest = (rest + decoder.decode(piece)).replace("\r\n", "\n").split("\n")
            for line in lines:
                yield _checked(line)
        if rest := rest + decoder.decode(b"", final=True):
            yield _checked(rest)
    except UnicodeDecodeError as error:
        raise NotABill from error


def _checked(line: str) -> str:
    if "\0" in line or len(line) > PIECE:
        raise NotABill
    return line


def _encoding(first: bytes) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _from_header(lines: Iterator[str], is_header: Callable[[str], bool]) -> Iterator[str] | None:
    for place, line in enumerate(lines):
        if is_header(line):
            return _after(line, lines)
        if place >= TOP:
            break
    return None


def _after(header: str, lines: Iterator[str]) -> Iterator[str]:
    yield header
    yield from lines


def _chunks(lines: Iterator[str]) -> Iterator[str]:
    """Yield pieces of whole records; a line break inside quotes ends none."""
    held: list[str] = []
    size, quotes = 0, 0
    for line in lines:
        held.append(line)
        size, quotes = size + len(line) + 1, quotes + line.count('"')
        if size > 4 * CHUNK:
            raise NotABill
        if size >= CHUNK and quotes % 2 == 0:
            yield "\n".join(held)
            held, size, quotes = [], 0, 0
    if held:
        yield "\n".join(held)
