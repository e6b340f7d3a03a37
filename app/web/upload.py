"""Reading an upload as a stream: the form's fields first, then the file piece by piece; nothing is ever spooled."""

from collections.abc import Iterator

from flask import request
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData
from wtforms.validators import ValidationError

from app.inventory.errors import EmptyFile, FileTooLarge
from app.web.errors import NotUnderstood

PIECE = 64 * 1024
LONGEST_FIELD = 64 * 1024
MEGABYTE = 1024 * 1024
FORM = 64 * 1024  # of the fields and the marks between them


class Upload:
    """A multipart form whose file comes last; `fields` are there at once, `pieces` reads the file."""

    def __init__(self, *, megabytes: int, longest_field: int = LONGEST_FIELD) -> None:
        self._megabytes, self._longest = megabytes, longest_field
        most = megabytes * MEGABYTE + longest_field + FORM  # a file that just fits has a form around it
        if (request.content_length or 0) > most:
            raise FileTooLarge(megabytes)
        request.max_content_length = most
        self.fields: MultiDict[str, str] = MultiDict()
        self.file_name = ""
        self._parts = self._read()
        self._first = next(self._parts, b"")

    def check_csrf(self) -> None:
        """Refuse a form from a strange page; the token stands before the file."""
        try:
            validate_csrf(self.fields.get("csrf_token", ""))
        except ValidationError as error:
            raise CSRFError(str(error)) from None

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the file; refuses a form without one."""
        if not self.file_name:
            raise EmptyFile
        yield self._first
        yield from self._parts

    def _read(self) -> Iterator[bytes]:
        """Fill `fields` up to the file, then yield the file's bytes; a second file is not understood."""
        name, text, left = "", bytearray(), self._megabytes * MEGABYTE
        for event in self._events():
            if isinstance(event, Field):
                name, text = event.name or "", bytearray()
            elif isinstance(event, File):
                if self.file_name:
                    raise NotUnderstood
                self.file_name = (event.filename or "").replace("\\", "/").rpartition("/")[2][:200]
                name = ""
            elif isinstance(event, Data) and not name:
                left -= len(event.data)
                if left < 0:
                    raise FileTooLarge(self._megabytes)
                yield bytes(event.data)
            elif isinstance(event, Data):
                text += event.data
                if len(text) > self._longest:
                    raise NotUnderstood
                if not event.more_data:
                    self.fields.add(name, text.decode("utf-8", "replace"))

    def _events(self) -> Iterator[Event]:
        """Yield the parts of the body as they come in; a body that is cut off or malformed is not understood."""
        decoder = self._decoder()
        try:
            while not isinstance(event := decoder.next_event(), Epilogue):
                if isinstance(event, NeedData):
                    decoder.receive_data(request.stream.read(PIECE) or None)
                else:
                    yield event
        except ValueError:
            raise NotUnderstood from None

    def _decoder(self) -> MultipartDecoder:
        kind, options = parse_options_header(request.headers.get("Content-Type"))
        if kind != "multipart/form-data" or not options.get("boundary"):
            raise NotUnderstood
        return MultipartDecoder(options["boundary"].encode("latin-1"), max_form_memory_size=None, max_parts=20)
