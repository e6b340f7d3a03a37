"""What is no list of codes is refused in words, and leaves nothing behind."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.catalog.errors import NoSuchSku
from app.catalog.models import Kind
from app.inventory.errors import (
    BadCost,
    BadExpiry,
    DuplicateColumn,
    EmptyFile,
    LineTooLong,
    MissingColumn,
    NotText,
    UnknownEncoding,
    UnreadableWorkbook,
)
from app.kit.errors import Refusal
from tests.inventory import pool
from tests.make import Shop, make_product

GOOD = "".join(f"{number:0100d}\n" for number in range(3000)).encode()  # more than one chunk

FILES: dict[str, tuple[Any, type[Refusal], str]] = {
    "empty": (b"", EmptyFile, "holds no codes"),
    "only a mark": (b"\xef\xbb\xbf", EmptyFile, "holds no codes"),
    "only blank lines": (b"\n\r\n  \n\t\n", EmptyFile, "holds no codes"),
    "chunks of blank lines": (b"\n" * 600_000, EmptyFile, "holds no codes"),
    "only a header": (b"code\n", EmptyFile, "holds no codes"),
    "a header and blank lines": ("卡密\r\n\r\n  \r\n".encode(), EmptyFile, "holds no codes"),
    "binary": (bytes(range(256)) * 10, NotText, "is not text"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NotText, "is not text"),
    "binary after good codes": (GOOD + b"A\0B\n", NotText, "is not text"),
    "xlsx": (b"PK\x03\x04\x14\0\x06\0" + b"x" * 5000, UnreadableWorkbook, "Excel"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 5000, UnreadableWorkbook, "Excel"),
    "UTF-16": ("code\nA1\n".encode("utf-16"), NotText, "is not text"),
    "UTF-16 without a mark": ("code\nA1\n".encode("utf-16-le"), NotText, "is not text"),
    "wrong encoding": ("clé\nA1\n".encode("latin-1"), UnknownEncoding, "neither UTF-8 nor GB18030"),
    "wrong encoding after good codes": (GOOD + b"\xff\xff\n", UnknownEncoding, "neither UTF-8 nor GB18030"),
    "torn in the middle of a letter": ("张三".encode()[:-1], UnknownEncoding, "neither UTF-8 nor GB18030"),
    "a line of ten megabytes": (b"x" * 10_000_000, LineTooLong, "Line 1 is longer"),
    "a long line after good codes": (GOOD + b"x" * 20_000, LineTooLong, "Line 3001 is longer"),
    "duplicate columns": (b"code,note,code\nA1,x,B2\n", DuplicateColumn, "“code” appears twice"),
    "duplicate columns under two names": ("卡密,兑换码\nA1,B2\n".encode(), DuplicateColumn, "“卡密” appears twice"),
}

PAIRS: dict[str, tuple[bytes, type[Refusal], str]] = {
    "a header without PIN": ("卡号,面值\n1001,50\n".encode(), MissingColumn, "“pin” is missing"),
    "a header without number": ("密码,面值\n1111,50\n".encode(), MissingColumn, "“number” is missing"),
    "no header and one column": (b"1001\n1002\n", MissingColumn, "“pin” is missing"),
    "two PIN columns": (b"number,pin,pin\n1001,1,2\n", DuplicateColumn, "“pin” appears twice"),
    "two number columns": ("card,卡号,pin\n1001,1002,1\n".encode(), DuplicateColumn, "“card” appears twice"),
    "only a header": (b"number,pin\n", EmptyFile, "holds no codes"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_list_of_codes(stall: Shop, name: str) -> None:
    data, refusal, words = FILES[name]
    before = pool.traces(stall)

    with pytest.raises(refusal, match=words) as refused:
        pool.bring(stall, data)

    assert refused.value.kind == "invalid"
    assert refused.value.mend
    assert pool.traces(stall) == before
    assert stall.stock()["available"] == 0


@pytest.mark.parametrize("name", PAIRS)
def test_a_list_of_pairs_that_are_none(stall: Shop, name: str) -> None:
    data, refusal, words = PAIRS[name]
    sku = make_product(stall, kind=Kind.CARD)
    before = pool.traces(stall)

    with pytest.raises(refusal, match=words):
        pool.bring(stall, data, sku=sku)

    assert pool.traces(stall) == before


def test_a_sku_that_nobody_has(shop: Shop) -> None:
    with pytest.raises(NoSuchSku, match="NO-SUCH"):
        pool.bring(shop, "A1", sku="NO-SUCH")

    assert pool.traces(shop) == pool.NOTHING


def test_a_sku_of_another_shop(shop: Shop, other: Shop) -> None:
    with pytest.raises(NoSuchSku, match=other.sku):
        pool.bring(shop, "A1", sku=other.sku)

    assert pool.traces(shop) == pool.traces(other) == pool.NOTHING


def test_a_cost_below_zero(shop: Shop) -> None:
    with pytest.raises(BadCost):
        pool.bring(shop, "A1", cost=-1)

    assert pool.traces(shop) == pool.NOTHING


def test_a_last_day_that_is_over(shop: Shop) -> None:
    with pytest.raises(BadExpiry):
        pool.bring(shop, "A1", expires_on=pool.today() - timedelta(days=1))

    assert pool.traces(shop) == pool.NOTHING


def test_a_refused_file_changes_nothing_of_what_was_there(shop: Shop) -> None:
    pool.bring(shop, "A1\nB2\nB2")
    before, stock = pool.traces(shop), shop.stock()

    with pytest.raises(NotText):
        pool.bring(shop, b"A1\nC3\n\0")

    assert (pool.traces(shop), shop.stock()) == (before, stock)
    assert pool.codes(shop) == ["A1", "B2"]


@pytest.mark.parametrize("error", [ConnectionResetError, KeyboardInterrupt])
def test_an_upload_that_breaks_off_leaves_nothing(shop: Shop, error: type[BaseException]) -> None:
    def pieces() -> Iterator[bytes]:
        yield GOOD
        raise error

    with pytest.raises(error):
        pool.bring(shop, pieces())

    assert pool.traces(shop) == pool.NOTHING
