"""Whatever shape a list of codes has that people send around, each value lands in its own field."""

import codecs

import pytest

from app.catalog.models import Kind
from app.inventory.queries import list_issues
from tests.engines import on_sqlite
from tests.inventory import pool
from tests.make import Shop, make_product

# How a file is read depends on no engine; that codes go in on both is shown in test_imports.py.
pytestmark = on_sqlite

TRAP = next(letter for letter in map(chr, range(0x4E00, 0x9FA6)) if letter.encode("gb18030").endswith(b"|"))
CARDS = [{"number": "6222000011112222", "pin": "1234"}, {"number": "6222000033334444", "pin": "5678"}]
ACCOUNTS = [{"account": "dora@example.com", "password": "口令,一"}, {"account": "张三", "password": TRAP}]

CODES = {
    "one a line": b"A1\nB2\n",
    "without an end": b"A1\nB2",
    "CRLF": b"A1\r\nB2\r\n",
    "CR": b"A1\rB2\r",
    "mixed ends": b"A1\r\nB2\r",
    "mark": codecs.BOM_UTF8 + b"A1\nB2\n",
    "mark and header": codecs.BOM_UTF8 + b"code\r\nA1\r\nB2\r\n",
    "blank lines": b"\n\n  \nA1\n\t\n\nB2\n\n",
    "blank lines before a header": b"\n \ncode\n\nA1\nB2",
    "spaces around": b"  A1 \n\tB2\t\n",
    "quotes": b'"A1"\n"B2"\n',
    "header": b"code\nA1\nB2\n",
    "header in capitals": b"CODE\nA1\nB2\n",
    "header with quotes": b'"Code"\n"A1"\n"B2"\n',
    "header in Chinese": "卡密\nA1\nB2\n".encode(),
    "header in GB18030": "兑换码\r\nA1\r\nB2\r\n".encode("gb18030"),
    "other columns": "序号,卡密,面值\n1,A1,50\n2,B2,50\n".encode(),
    "other columns, tabs": b"note\tcdkey\nx\tA1\ny\tB2\n",
    "other columns, quotes": b'note,code\n"a, b",A1\n"say ""hi""",B2\n',
}

PAIRS = {
    "comma": b"6222000011112222,1234\n6222000033334444,5678\n",
    "comma and spaces": b"6222000011112222 , 1234\n6222000033334444 , 5678\n",
    "dashes": b"6222000011112222----1234\n6222000033334444----5678\n",
    "tab": b"6222000011112222\t1234\n6222000033334444\t5678\n",
    "bar": b"6222000011112222|1234\n6222000033334444|5678\n",
    "semicolon": b"6222000011112222;1234\n6222000033334444;5678\n",
    "space": b"6222000011112222 1234\n6222000033334444  5678\n",
    "quotes": b'"6222000011112222","1234"\n"6222000033334444","5678"\n',
    "header": b"number,pin\n6222000011112222,1234\n6222000033334444,5678\n",
    "header with a space": b"Card Number,PIN\n6222000011112222,1234\n6222000033334444,5678\n",
    "header in Chinese": "卡号,密码\n6222000011112222,1234\n6222000033334444,5678\n".encode(),
    "header in GB18030": "卡号\t卡密\r\n6222000011112222\t1234\r\n6222000033334444\t5678\r\n".encode("gb18030"),
    "header with dashes": "卡号----密码\n6222000011112222----1234\n6222000033334444----5678\n".encode(),
    "other order": "密码,卡号\n1234,6222000011112222\n5678,6222000033334444\n".encode(),
    "other columns": "序号,卡号,面值,密码\n1,6222000011112222,50,1234\n2,6222000033334444,50,5678\n".encode(),
}

LOGINS = {
    "dashes": f"dora@example.com----口令,一\n张三----{TRAP}\n".encode(),
    "GB18030": f"dora@example.com----口令,一\r\n张三----{TRAP}\r\n".encode("gb18030"),
    "header": f'账号,密码\ndora@example.com,"口令,一"\n张三,{TRAP}\n'.encode(),
    "header in GB18030": f"账号\t密码\ndora@example.com\t口令,一\n张三\t{TRAP}\n".encode("gb18030"),
    "header in English": f"password|user\n口令,一|dora@example.com\n{TRAP}|张三\n".encode(),
}


@pytest.mark.parametrize("name", CODES)
def test_a_list_of_codes(shop: Shop, name: str) -> None:
    batch = pool.bring(shop, CODES[name])

    assert pool.codes(shop) == ["A1", "B2"]
    assert pool.numbers(batch) == (2, 0, 0, 0)


@pytest.mark.parametrize("name", PAIRS)
def test_a_list_of_numbers_with_their_pins(shop: Shop, name: str) -> None:
    sku = make_product(shop, kind=Kind.CARD)

    batch = pool.bring(shop, PAIRS[name], sku=sku)

    assert pool.contents(shop, sku) == CARDS
    assert pool.numbers(batch) == (2, 0, 0, 0)


@pytest.mark.parametrize("name", LOGINS)
def test_a_list_of_accounts_with_their_passwords(shop: Shop, name: str) -> None:
    sku = make_product(shop, kind=Kind.ACCOUNT)

    batch = pool.bring(shop, LOGINS[name], sku=sku)

    assert pool.contents(shop, sku) == ACCOUNTS
    assert batch.encoding == ("gb18030" if "GB18030" in name else "utf-8")


def test_a_code_is_taken_whole_whatever_is_in_it(shop: Shop) -> None:
    codes = ["A,B;C|D", "https://x.example/r?a=1&b=2", 'say "hi"', "A B C D E F", "卡密🎁𠮷", "a----b", "x" * 500]

    pool.bring(shop, "\n".join(codes))

    assert pool.codes(shop) == codes


def test_rows_that_cannot_be_codes_are_counted_with_their_line(shop: Shop) -> None:
    rows = ["code", "A1", "", "x" * 501, "B\x07C", "D\u200bE", "\u00a0", "F\u00a0G", "H8"]

    batch = pool.bring(shop, "\r\n".join(rows))

    assert pool.codes(shop) == ["A1", "H8"]
    assert pool.numbers(batch) == (2, 0, 0, 4)
    assert pool.issues(shop, batch) == [
        (4, "INVALID", "too_long"),
        (5, "INVALID", "unprintable"),
        (6, "INVALID", "unprintable"),
        (8, "INVALID", "unprintable"),
    ]


def test_pairs_that_are_not_whole_are_counted_with_their_line(shop: Shop) -> None:
    sku = make_product(shop, kind=Kind.CARD)
    rows = ["1001,1111", "1002", "1003,", ",1111", "1004,1111,x", "1005,2222"]

    batch = pool.bring(shop, "\n".join(rows), sku=sku)

    assert [card["number"] for card in pool.contents(shop, sku)] == ["1001", "1005"]
    assert pool.issues(shop, batch) == [
        (2, "INVALID", "columns"),
        (3, "INVALID", "empty"),
        (4, "INVALID", "empty"),
        (5, "INVALID", "columns"),
    ]


def test_what_was_refused_is_never_kept_in_words(shop: Shop) -> None:
    batch = pool.bring(shop, "A1\nA1\nCANARY\x07CANARY\n")

    rows = shop.read(lambda: list_issues(batch.id, limit=10))
    assert len(rows) == 2
    assert not any("A1" in repr(vars(row)) or "CANARY" in repr(vars(row)) for row in rows)
