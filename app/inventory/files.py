"""Reading files of codes: bytes into whole lines, lines into rows. Pure; knows nothing of the database."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby

import charset_normalizer

from app.inventory.errors import (
    DuplicateColumn,
    EmptyFile,
    LineTooLong,
    MissingColumn,
    NotText,
    UnknownEncoding,
    UnreadableWorkbook,
    WorkbookTooLarge,
)
from app.kit import sheets

CHUNK = 256 * 1024
LONGEST_LINE = 16 * 1024
LONGEST_MARK = 4
ENCODINGS = ("utf-8", "gb18030")
WIDER = ("utf-8", "gb18030", "big5")  # where somebody looks at a preview before anything is taken in
MOST_SHEETS = 10
LARGEST_BOOK = 64 * 1024 * 1024
ENOUGH_LETTERS = 200  # beyond ASCII, before a guess at an encoding is worth more than what is usual here
DELIMITERS = ("----", "\t", "|", ";", ",", " ")
# What people write in a header, per field.
HEADERS = {
    "code": {"code", "codes", "key", "cdkey", "serial", "voucher", "卡密", "兑换码", "激活码", "券码", "卡号"},
    "number": {"number", "card", "card_number", "cardno", "卡号"},
    "pin": {"pin", "card_pwd", "secret", "密码", "卡密"},
    "account": {"account", "user", "username", "login", "email", "账号", "帐号", "账户"},
    "password": {"password", "pwd", "pass", "密码"},
    "link": {"link", "url", "href", "链接", "网址", "兑换链接"},
}
# What a row may say beside its code.
MORE = {
    "expires": {"expires", "expiry", "expires_on", "valid_until", "有效期", "有效期至", "到期日", "过期时间"},
    "tags": {"tag", "tags", "label", "标签"},
    "cost": {
        *("cost", "unit_cost", "cost_price", "purchase_price", "buying_price"),
        *("成本", "单位成本", "成本价", "进价", "进货价", "采购价", "拿货价"),
    },
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

    @classmethod
    def among(cls, names: Sequence[str]) -> "Encodings":
        """Return encodings of which none is excluded yet."""
        return cls({name: codecs.getincrementaldecoder(name)() for name in names})

    def best(self) -> str:
        """Return the encoding, UTF-8 before GB18030, or refuse."""
        if not self.decoders:
            raise UnknownEncoding
        return next(iter(self.decoders))


def likeliest(encodings: Sequence[str], sample: bytes) -> str:
    """Return which of the encodings that fit a file it most likely is, by the letters of a sample."""
    if encodings[0] == "utf-8" or len(encodings) == 1:
        return encodings[0]
    letters = b"\n".join(line for line in _split_lines(sample) if not line.isascii())
    if len(letters) < 2 * ENOUGH_LETTERS:
        return encodings[0]
    found = charset_normalizer.from_bytes(letters, cp_isolation=list(encodings)).best()
    return found.encoding if found and found.encoding in encodings else encodings[0]


def sheets_of(pieces: Iterable[bytes], *, most: int = 1) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the sheets of what somebody gave, each with its name and its text: a text is one sheet without a name."""
    stream, start = iter(pieces), b""
    while len(start) < LONGEST_MARK and (piece := next(stream, None)) is not None:
        start += piece
    if not start.startswith(b"PK\x03\x04"):
        yield "", chain([start], stream)
        return
    book = io.BytesIO()  # it hands out what it holds without a copy
    for piece in chain([start], stream):
        if book.tell() + len(piece) > LARGEST_BOOK:
            raise WorkbookTooLarge(LARGEST_BOOK // 2**20)
        book.write(piece)
    try:
        for name, rows in groupby(sheets.read_sheets(book.getvalue(), most=most), key=lambda row: row[0]):
            yield name, map(_as_line, rows)
    except sheets.NotASheet:
        raise UnreadableWorkbook from None


def _as_line(row: tuple[str, Sequence[str]]) -> bytes:
    """Return a row of a workbook as a line of CSV; line ends within a cell become spaces."""
    cells = [" ".join(cell.replace("\0", " ").splitlines()) for cell in row[1]]
    if not any(cells):
        return b"\n"
    quoted = (f'"{cell.replace(chr(34), chr(34) * 2)}"' if "," in cell or '"' in cell else cell for cell in cells)
    return (",".join(quoted) + "\n").encode("utf-8", "replace")


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
        raise UnreadableWorkbook
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


def proposed(lines: Sequence[str], fields: Sequence[str]) -> Format:
    """Return how a file is most likely to be read, by its first lines that are not blank; refuses nothing."""
    delimiter = _delimiter(lines, fields)
    cells = split(lines[0], delimiter)
    has_header = any(_word(cell) in word_set for cell in cells for word_set in _words_of(fields).values())
    return Format(delimiter, columns_for(cells, fields, has_header), has_header)


def columns_for(cells: Sequence[str], fields: Sequence[str], has_header: bool) -> tuple[str, ...]:
    """Return the fields that columns most likely hold: by their names, else in order."""
    if not has_header:
        return tuple(fields[place] if place < len(fields) else "" for place in range(len(cells)))
    taken: list[str] = []
    for cell in cells:
        names = (name for name, known in _words_of(fields).items() if _word(cell) in known and name not in taken)
        taken.append(next(names, ""))
    return tuple(taken)


def _words_of(fields: Sequence[str]) -> Mapping[str, set[str]]:
    return {name: HEADERS[name] for name in fields} | MORE


def _delimiter(lines: Sequence[str], fields: Sequence[str]) -> str:
    """Return what parts the columns: what makes a known header, else what the standard library finds."""
    known = set().union(*_words_of(fields).values())
    best = max(DELIMITERS, key=lambda delimiter: sum(_word(cell) in known for cell in split(lines[0], delimiter)))
    if any(_word(cell) in known for cell in split(lines[0], best)):
        return best if len(split(lines[0], best)) > 1 else ""
    if all("----" in line for line in lines):
        return "----"
    try:
        return csv.Sniffer().sniff("\n".join(lines), delimiters=",;|\t").delimiter
    except csv.Error:
        even = partial(_parts_all, lines, len(fields))
        return next(filter(even, DELIMITERS), "") if len(fields) > 1 else ""


def _parts_all(lines: Sequence[str], count: int, delimiter: str) -> bool:
    return all(len(split(line, delimiter)) == count for line in lines)


def _header(line: str, fields: Sequence[str]) -> Format | None:
    known = set().union(*(HEADERS[name] for name in fields))
    best = max(DELIMITERS, key=lambda delimiter: sum(_word(cell) in known for cell in split(line, delimiter)))
    cells = [_word(cell) for cell in split(line, best)]
    if not any(cell in known for cell in cells):
        return None
    columns = [next((name for name in fields if cell in HEADERS[name]), "") for cell in cells]
    for name, words in MORE.items():  # the first column of each, where no field has it
        place = next((place for place, cell in enumerate(cells) if cell in words and not columns[place]), None)
        if place is not None:
            columns[place] = name
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
