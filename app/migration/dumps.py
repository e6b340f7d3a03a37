"""Rows of an SQL dump as MySQL's tools write it, read as a stream: no more than a row is ever held. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.migration.errors import BrokenDump, NoColumns

LONGEST_ROW = 16 * 1024 * 1024  # letters; a description may hold pictures
HEAD = 64 * 1024
SINGLE = r"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
DOUBLE = r'"[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"'
WORD = r"""[^\s'"(),;]++(?:\(\))?"""
SCALAR = rf"(?:(?:_\w++\s*+|[xXbBnN])?(?:{SINGLE}|{DOUBLE})|{WORD})"
ROW = re.compile(rf"\s*+\(\s*+({SCALAR}(?:\s*+,\s*+{SCALAR})*+)\s*+\)\s*+(?=[,;oO]|\Z)", re.DOTALL)
VALUE = re.compile(rf"(?:_\w++\s*+(?=['\"])|([xXbBnN])(?=['\"]))?(?:({SINGLE}|{DOUBLE})|({WORD}))", re.DOTALL)
BLANK = re.compile(r"(?:\s++|--[^\n]*+\n|#[^\n]*+\n|/\*.*?\*/)*+", re.DOTALL)
RUN = re.compile(rf"(?:[^;'\"`]++|{SINGLE}|{DOUBLE}|`[^`]*+`)*+", re.DOTALL)
NAME = r"[`\"]?([^\s`\".(]+)[`\"]?"
TABLE = rf"(?:{NAME}\s*\.\s*)?{NAME}"
INSERT = re.compile(
    rf"(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|IGNORE)\s+)*(?:INTO\s+)?{TABLE}\s*(\([^()]*\))?\s*VALUES?\s*",
    re.IGNORECASE,
)
CREATE = re.compile(rf"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{TABLE}\s*\(", re.IGNORECASE)
COLUMN = re.compile(r"^\s*[`\"](\w+)[`\"]\s", re.MULTILINE)
QUOTED = re.compile(r"[`\"]?([^\s`\",()]+)[`\"]?")
ESCAPE = re.compile(r"\\(.)|''|\"\"", re.DOTALL)
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "Z": "\x1a", "b": "\b", "%": "\\%", "_": "\\_"}
DUMP = re.compile(r"\s*(?:--|#|/\*|(?:SET|CREATE|DROP|INSERT|REPLACE|USE|LOCK|START|BEGIN)\s)", re.IGNORECASE)

Row = dict[str, str | None]


def is_dump(start: str) -> bool:
    """Tell whether a text that begins like this is an SQL dump."""
    return bool(DUMP.match(start))


def rows_of(pieces: Iterable[str], is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Row]]:
    """Yield the rows of the wanted tables, each with its table's name; everything else is passed by."""
    window, columns = _Window(pieces), dict[str, Sequence[str]]()
    while window.find_statement():
        if created := CREATE.match(window.text, window.at):
            columns[created[2]] = COLUMN.findall(window.statement())
        elif (begun := INSERT.match(window.text, window.at)) and is_wanted(begun[2]):
            window.at = begun.end()
            names = QUOTED.findall(begun[3]) if begun[3] else columns.get(begun[2])
            if not names:
                raise NoColumns(begun[2])
            yield from _rows(window, begun[2], names)
        window.pass_by()


def _rows(window: "_Window", table: str, names: Sequence[str]) -> Iterator[tuple[str, Row]]:
    count = 0
    while True:
        found = window.row()
        values = [_plain(*value) for value in VALUE.findall(found)] if found else []
        if len(values) != len(names):
            raise BrokenDump(table, count)
        count += 1
        yield table, dict(zip(names, values, strict=True))
        if not window.takes(","):
            return


def _plain(prefix: str, quoted: str, word: str) -> str | None:
    """Return the text of a value, or None for NULL."""
    if word:
        return None if word.upper() == "NULL" else word
    text = quoted[1:-1]
    if prefix in {"x", "X"}:
        return bytes.fromhex(text).decode("utf-8", "replace")
    return ESCAPE.sub(_letter, text) if "\\" in text or quoted[0] * 2 in text else text


def _letter(found: "re.Match[str]") -> str:
    if found[1] is None:
        return found[0][0]
    return LETTERS.get(found[1], found[1])


class _Window:
    """The part of a text that is looked at; what lies before `at` is done with."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self.text, self.at, self.ended = "", 0, False

    def more(self, letters: int = 0) -> bool:
        """Hold more of the text, as much again as there is, so that long rows are not looked at too often."""
        held = [self.text[self.at :]]
        wanted, got = max(len(held[0]), letters, 1), 0
        while got < wanted and not self.ended:
            piece = next(self._pieces, None)
            self.ended = piece is None
            held.append(piece or "")
            got += len(piece or "")
        self.text, self.at = "".join(held), 0
        return got > 0

    def find_statement(self) -> bool:
        """Go to the next statement, past spaces and comments; False at the end."""
        while True:
            self.at = self._blank_to()
            rest = len(self.text) - self.at
            is_cut = self.text.startswith(("/*", "--", "#"), self.at)
            if rest >= HEAD and not is_cut:
                return True
            if rest > LONGEST_ROW or not self.more(HEAD):
                return rest > 0 and not is_cut

    def _blank_to(self) -> int:
        found = BLANK.match(self.text, self.at)
        return found.end() if found else self.at

    def row(self) -> str:
        """Take a row's values, or return "" where there is none that can be read."""
        while (found := ROW.match(self.text, self.at)) is None or (found.end() == len(self.text) and not self.ended):
            if len(self.text) - self.at > LONGEST_ROW or not self.more():
                break
        if found is None:
            return ""
        self.at = found.end()
        return found[1]

    def takes(self, sign: str) -> bool:
        """Take a sign if it comes next."""
        is_next = self.text.startswith(sign, self.at)
        self.at += len(sign) if is_next else 0
        return is_next

    def statement(self) -> str:
        """Return the text up to the statement's end, which must not be long."""
        while True:
            end = self._run_to()
            if end < len(self.text) and self.text[end] == ";":
                return self.text[self.at : end]
            if end - self.at > HEAD * 16 or not self.more():
                return self.text[self.at : end]

    def pass_by(self) -> None:
        """Go behind the end of the statement."""
        while True:
            self.at = self._run_to()
            if self.takes(";"):
                return
            if len(self.text) - self.at > LONGEST_ROW or not self.more():
                self.at = len(self.text)
                return

    def _run_to(self) -> int:
        found = RUN.match(self.text, self.at)
        return found.end() if found else self.at
