"""Reading files of codes: bytes into whole lines, lines into rows. Pure; knows nothing of the database."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.inventory.errors import (
    DuplicateColumn,
    EmptyFile,
    LineTooLong,
    MissingColumn,
    NotText,
    SpreadsheetNotYet,
    UnknownEncoding,
)

CHUNK = 256 * 1024
LONGEST_LINE = 16 * 1024
LONGEST_MARK = 4
ENCODINGS = ("utf-8", "gb18030")
DELIMITERS = ("----", "\t", "|", ";", ",", " ")

# What people write in a header, per field.
HEADERS = {
    "code": {"code", "codes", "key", "cdkey", "serial", "voucher", "卡密", "兑换码", "激活码", "券码", "卡号"},
    "number": {"number", "card", "card_number", "cardno", "卡号"},
    "pin": {"pin", "card_pwd", "secret", "密码", "卡密"},
    "account": {"account", "user", "username", "login", "email", "账号", "帐号", "账户"},
    "password": {"password", "pwd", "pass", "密码"},
}


@dataclass
class Encodings:
    """Which encodings the bytes seen so far can be; told apart only at the end."""

    decoders: dict[str, codecs.IncrementalDecoder] = field(
        default_factory=lambda: {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    )

    def feed(self, piece: bytes, *, final: bool = False) -> None:
        for name, decoder in list(self.decoders.items()):
            try:
                decoder.decode(piece, final)
            except UnicodeDecodeError:
                del self.decoders[name]

    def best(self) -> str:
        """Return the encoding, UTF-8 before GB18030, or refuse."""
        if not self.decoders:
            raise UnknownEncoding
        return next(iter(self.decoders))


def whole_lines(pieces: Iterable[bytes], encodings: Encodings) -> Iterator[bytes]:
    """Cut a stream into chunks of at most 256 kB that end with a line; refuses what cannot be a list of codes.

    The byte of a line feed is never part of another letter, neither in UTF-8 nor in GB18030.
    """
    rest, before = b"", 0
    for piece in _without_mark(pieces):
        if b"\0" in piece:
            raise NotText
        encodings.feed(piece)
        rest += piece
        while len(rest) > CHUNK:
            _check_lengths(rest[:CHUNK], before)
            chunk, rest = _cut(rest)
            before += len(_split_lines(chunk)) - 1
            yield chunk
    encodings.feed(b"", final=True)
    _check_lengths(rest, before)
    if rest:
        yield rest


def _without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the stream without its byte order mark; what is no text is known by its first bytes, however they come."""
    stream, start = iter(pieces), b""
    while len(start) < LONGEST_MARK and (piece := next(stream, None)) is not None:
        start += piece
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise SpreadsheetNotYet
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotText
    yield start.removeprefix(codecs.BOM_UTF8)
    yield from stream


def _cut(text: bytes) -> tuple[bytes, bytes]:
    """Cut after the last line end within one chunk, never between CR and LF."""
    end = max(text.rfind(b"\n", 0, CHUNK), text.rfind(b"\r", 0, CHUNK - 1)) + 1
    return text[:end], text[end:]


def _check_lengths(text: bytes, before: int) -> None:
    for number, line in enumerate(_split_lines(text), before + 1):
        if len(line) > LONGEST_LINE:
            raise LineTooLong(number, LONGEST_LINE)


def count_lines(chunk: bytes) -> int:
    """Count the lines of a chunk, the last of which may lack its end."""
    lines = _split_lines(chunk)
    return len(lines) - (not lines[-1])


def _split_lines(text: bytes) -> list[bytes]:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


@dataclass(frozen=True)
class Format:
    """How the rows of a file are to be read: delimiter ("" = the line is the code) and the columns' fields."""

    delimiter: str
    columns: tuple[str, ...]  # a field's name, or "" for a column that is not ours
    has_header: bool

    def values(self, line: str, fields: Sequence[str]) -> list[str]:
        """Return the values of a line in the order of `fields`; a wrong number of cells gives all cells."""
        cells = split(line, self.delimiter)
        if len(cells) != len(self.columns):
            return cells if len(cells) != len(fields) else [*cells, ""]
        by_field = dict(zip(self.columns, cells, strict=True))
        return [by_field[name] for name in fields]


def split(line: str, delimiter: str) -> list[str]:
    """Return the trimmed cells of a line; quotes are the usual CSV ones."""
    if delimiter == "----":
        return [cell.strip() for cell in line.split("----")]
    if delimiter == " ":
        return line.split()
    if not delimiter:
        cell = line.strip()
        return [cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def format_of(first_line: str, fields: Sequence[str]) -> Format:
    """Return how to read a file whose first line that is not blank is `first_line`; refuses a broken header."""
    header = _header(first_line, fields)
    if header is not None:
        return header
    if len(fields) == 1:
        return Format("", tuple(fields), has_header=False)
    for delimiter in DELIMITERS:
        if len(split(first_line, delimiter)) == len(fields):
            return Format(delimiter, tuple(fields), has_header=False)
    raise MissingColumn(fields[-1], ", ".join(fields))


def _header(line: str, fields: Sequence[str]) -> Format | None:
    known = set().union(*(HEADERS[name] for name in fields))
    best = max(DELIMITERS, key=lambda delimiter: sum(_word(cell) in known for cell in split(line, delimiter)))
    cells = [_word(cell) for cell in split(line, best)]
    if not any(cell in known for cell in cells):
        return None
    columns = [next((name for name in fields if cell in HEADERS[name]), "") for cell in cells]
    for name in fields:
        if columns.count(name) > 1:
            raise DuplicateColumn(cells[columns.index(name)])
        if name not in columns:
            raise MissingColumn(name, ", ".join(fields))
    return Format(best if len(cells) > 1 else "", tuple(columns), has_header=True)


def _word(cell: str) -> str:
    return cell.strip().strip('"').lower().replace(" ", "_")


def refuse_empty(lines: int) -> None:
    """Refuse a file in which no line was a row."""
    if not lines:
        raise EmptyFile
