"""Cutting a stream into lines: the same lines however the bytes arrive, and nothing that is no text."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inventory import files
from app.inventory.errors import LineTooLong, NotText, UnknownEncoding, UnreadableWorkbook
from app.kit.errors import Refusal
from tests.inventory.pool import DEPTH, cut

BOM = b"\xef\xbb\xbf"


def lines(text: bytes) -> list[bytes]:
    """Return the lines of a text as people count them."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")


def read(pieces: Iterable[bytes]) -> tuple[Sequence[bytes], str]:
    """Return the chunks of a stream and its encoding."""
    encodings = files.Encodings()
    chunks = list(files.whole_lines(pieces, encodings))
    return chunks, encodings.best()


def random_file(chance: random.Random) -> bytes:
    """Make more than two chunks of text with all kinds of lines and line ends."""
    parts, size = [], 0
    while size < 2.5 * files.CHUNK:
        length = chance.choice((0, 1, 16, 100, 1000, 5000, files.LONGEST_LINE))
        parts.append(b"x" * length + chance.choice((b"\n", b"\r\n", b"\r")))
        size += len(parts[-1])
    return b"".join(parts)


@given(st.integers(0, 2**32), st.sampled_from([1000, 50_000, files.CHUNK, 10**6]))
@settings(max_examples=15 * DEPTH, deadline=None)
def test_chunks_hold_the_same_lines_as_the_file(seed: int, piece: int) -> None:
    data = random_file(random.Random(seed))

    chunks, _ = read(cut(data, piece))

    assert b"".join(chunks) == data
    assert [line for chunk in chunks for line in lines(chunk)] == lines(data)
    assert all(len(chunk) <= files.CHUNK and chunk[-1:] in b"\r\n" for chunk in chunks)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("spare", [0, 1, 2])
def test_no_line_end_is_torn_where_two_chunks_meet(end: bytes, spare: int) -> None:
    line = b"x" * 1023
    first = (line + b"\n") * (files.CHUNK // 1024 - 1) + b"y" * (1024 - spare - 1) + end
    data = first + b"z\n"

    chunks, _ = read(cut(data, 70_000))

    assert [line for chunk in chunks for line in lines(chunk)] == lines(data)


@pytest.mark.parametrize("piece", [1, 2, 3, 4, 7, 100])
def test_a_mark_at_the_start_is_no_part_of_the_first_code(piece: int) -> None:
    assert read(cut(BOM + b"code\nA1\n", piece)) == ([b"code\nA1\n"], "utf-8")


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        (b"PK\x03\x04 and more", UnreadableWorkbook),
        (b"\xd0\xcf\x11\xe0 and more", UnreadableWorkbook),
        ("A1\nB2\n".encode("utf-16"), NotText),
        (b"\xfe\xff" + "A1\n".encode("utf-16-be"), NotText),
        ("A1\n".encode("utf-16-le"), NotText),
        (b"A1\n\0B2\n", NotText),
        ("é\n".encode("latin-1"), UnknownEncoding),
        (b"A1\n\x81", UnknownEncoding),
    ],
)
def test_what_is_no_text_is_known_by_its_first_bytes(start: bytes, refusal: type[Refusal], piece: int) -> None:
    with pytest.raises(refusal):
        read(cut(start, piece))


@pytest.mark.parametrize("piece", [1, 5, 100])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_encoding_is_known_however_the_letters_are_cut(encoding: str, piece: int) -> None:
    assert read(cut("账号,密码\n张三,口令𠮷\n".encode(encoding), piece))[1] == encoding


def test_plain_letters_are_utf_8() -> None:
    assert read([b"A1\n"])[1] == "utf-8"
    assert read([])[1] == "utf-8"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("before", [3, 20_000])
def test_a_line_that_is_too_long_is_named(end: bytes, before: int) -> None:
    data = (b"0123456789abcdef" + end) * before + b"x" * (files.LONGEST_LINE + 1)

    with pytest.raises(LineTooLong, match=f"^Line {before + 1} is longer than"):
        read(cut(data, 50_000))


def test_the_longest_line_is_taken() -> None:
    data = b"x" * files.LONGEST_LINE

    assert read([data])[0] == [data]
    assert read([data + b"\r\nA1"])[0] == [data + b"\r\nA1"]


def test_a_line_of_ten_megabytes_is_refused_long_before_its_end() -> None:
    sent: list[int] = []

    def pieces() -> Any:
        for _ in range(160):
            sent.append(1)
            yield b"x" * 65_536

    with pytest.raises(LineTooLong):
        read(pieces())

    assert len(sent) <= 5
