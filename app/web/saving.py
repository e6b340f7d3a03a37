"""Files to be saved: a header and rows of text as CSV or XLSX, streamed while they are read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from flask import Response, stream_with_context

from app.kit import sheets
from app.web.headers import NOWHERE

Writer = Callable[[Sequence[str], Iterable[Sequence[str]]], Iterator[bytes]]
FORMATS: Mapping[str, tuple[str, Writer]] = {
    "csv": ("text/csv; charset=utf-8", sheets.csv_file),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheets.xlsx_file),
}
WRITERS: Mapping[str, tuple[str, Writer]] = {**FORMATS, "txt": ("text/plain; charset=utf-8", sheets.text_file)}


def saved(kind: str, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """Return a file of one of WRITERS that is made while it leaves; it opens units of its own as it goes."""
    mime, write = WRITERS[kind]
    response = Response(stream_with_context(write(header, rows)), content_type=mime)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.{kind}"
    response.headers |= NOWHERE
    return response
