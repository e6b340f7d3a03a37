"""Reading the lists people paste or upload: one code a line, a card with its PIN, and for whom it is."""

import csv
import io
from collections.abc import Iterator, Sequence

from app.inventory.errors import FileTooLarge
from app.kit.errors import Invalid, Refusal, words
from app.kit.secret import Secret
from app.kit.sheets import NotASheet, read_xlsx
from app.redemption.queries import Typed
from app.redemption.service import Asked
from app.web.upload import Upload

LARGEST_UPLOAD = 8  # megabytes; a list has at most 20,000 rows
WORKBOOK = b"PK\x03\x04"
OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"  # how a workbook begins that has a password, and one of before 2007
PAIR = "----"
DELIMITERS = ("\t", "|", ";", ",")
COLUMNS = {
    "code": {"code", "codes", "voucher", "serial", "key", "卡密", "兑换码", "券码", "激活码"},
    "number": {"number", "card", "card_number", "cardno", "account", "卡号", "账号"},
    "pin": {"pin", "password", "密码"},
    "reference": {"person", "name", "reference", "employee", "note", "姓名", "人员", "员工", "工号", "备注", "用途"},
}
BARE = {1: ("code",), 2: ("code", "reference"), 3: ("number", "pin", "reference")}  # by how many columns there are


class NotAList(Refusal):
    kind = "invalid"
    message = words("This file cannot be read as a list.")
    mend = words("Give a CSV or TXT file in UTF-8 or GB18030, or an XLSX workbook, with one code a line.")


class LockedBook(NotAList):
    message = words("This workbook has a password, or is in the old XLS format.")
    mend = words("Save it as XLSX without a password, or as CSV, and upload that.")


class NoFileChosen(Refusal):
    kind = "invalid"
    message = words("No file was chosen.")
    mend = words("Choose a CSV, TXT or XLSX file first.")


class ListTooLarge(FileTooLarge):
    mend = words("Split it and upload one part after the other.")


def open_upload() -> Upload:
    """Begin to read the form of this request that brings a list as a file. Raises ListTooLarge."""
    try:
        upload = Upload(megabytes=LARGEST_UPLOAD)
    except FileTooLarge as error:
        raise ListTooLarge(error.megabytes) from None
    upload.check_csrf()
    return upload


def content_of(upload: Upload) -> bytes:
    """Return the file of a form; refuses with NoFileChosen at the field, and with ListTooLarge."""
    if not upload.file_name:
        raise Invalid({"file": NoFileChosen()})
    try:
        return b"".join(upload.pieces())
    except FileTooLarge as error:
        raise ListTooLarge(error.megabytes) from None


def read_text(text: str) -> Iterator[Asked]:
    """Yield the rows of a pasted list."""
    yield from _asked(_split(text.replace("\0", "")))


def read_file(content: bytes) -> Iterator[Asked]:
    """Yield the rows of an uploaded file. Raises NotAList."""
    yield from _asked(read_cells(content))


def read_cells(content: bytes) -> Iterator[Sequence[str]]:
    """Yield the cells of each row of an uploaded table. Raises NotAList."""
    if content.startswith(WORKBOOK):
        try:
            yield from read_xlsx(content)
        except NotASheet:
            raise NotAList from None
        return
    if content.startswith(OLD_OR_LOCKED):
        raise LockedBook
    yield from _split(_decoded(content))


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotAList


def _split(text: str) -> Iterator[Sequence[str]]:
    """Yield the cells of each line that holds something; a list has one delimiter, that of its first lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    delimiter = next((mark for mark in DELIMITERS if any(mark in line for line in lines[:20])), "")
    for line in lines:
        first, _, pin = line.partition(PAIR)
        if pin:
            yield ["\0", first, *_cells(pin, delimiter)]  # the mark of a pair: number, PIN, and what else there is
        else:
            yield _cells(line, delimiter)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line), delimiter=delimiter), []) if delimiter else [line]
    except csv.Error:  # a cell longer than anybody types
        raise NotAList from None


def _asked(rows: Iterator[Sequence[str]]) -> Iterator[Asked]:
    columns: Sequence[str] | None = None
    for place, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        if place == 0 and (header := _header(cells)):
            columns = header
            continue
        is_pair = cells[:1] == ["\0"]
        named = ("", *BARE[3]) if is_pair and columns is None else columns or BARE[min(len(cells), 3)]
        asked = _row(dict(zip(named, cells, strict=False)))
        if asked:
            yield asked


def _header(cells: Sequence[str]) -> list[str] | None:
    """Return the fields of a header, or None when the first line is a row already."""
    fields = [next((field for field, names in COLUMNS.items() if cell.lower() in names), "") for cell in cells]
    return fields if {"code", "number"} & set(fields) else None


def _row(fields: dict[str, str]) -> Asked | None:
    text, pin = fields.get("code") or fields.get("number", ""), fields.get("pin", "")
    if not text:
        return None
    return Asked(Typed(Secret(text), Secret(pin) if pin else None), reference=fields.get("reference", ""))
