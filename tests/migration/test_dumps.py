"""SQL dumps are read as a stream, whatever the pieces they come in, with MySQL's own escapes."""

import tracemalloc
from collections.abc import Iterator

import pytest

from app.migration.dumps import rows_of
from app.migration.errors import BrokenDump, NoColumns
from tests.migration.dumps import ACG, DUJIAOKA


def cut(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


@pytest.mark.parametrize("size", [1, 7, 64, 10**6])
@pytest.mark.parametrize("dump", [DUJIAOKA, ACG])
def test_a_dump_says_the_same_however_it_is_cut(dump: str, size: int) -> None:
    assert list(rows_of(cut(dump, size), lambda table: True)) == list(rows_of([dump], lambda table: True))


def test_escapes_nulls_and_signs_within_texts_are_read_as_mysql_wrote_them() -> None:
    found = [row for table, row in rows_of([DUJIAOKA], lambda table: table == "carmis")]

    assert len(found) == 9
    assert found[0]["carmi"] == "DJ-A'1-{mark}"
    assert found[1]["carmi"] == "DJ-A;2),(\\-{mark}"
    assert found[5]["carmi"] == "two\r\nlines {mark}"
    assert found[6]["carmi"] == "me{mark}@example.com----pa'ss,1"
    assert found[0]["deleted_at"] is None
    assert found[1]["created_at"] == "2024-01-01 00:00:00"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"'a\%b\_c'", r"a\%b\_c"),
        (r"'\0\Z\b\t'", "\0\x1a\b\t"),
        ("_binary 'x'", "x"),
        ("X'4142'", "AB"),
        ('"it""s"', 'it"s'),
        ("'''q'''", "'q'"),
        ("''", ""),
        ("0", "0"),
        ("now()", "now()"),
        ("-1.50", "-1.50"),
    ],
)
def test_a_value_is_read_as_it_was_meant(written: str, meant: str) -> None:
    assert list(rows_of([f"INSERT INTO t (a, b) VALUES ({written} , NULL);"], lambda table: True)) == [
        ("t", {"a": meant, "b": None})
    ]


@pytest.mark.parametrize("text", ["(1,'cut off", "(1,'a'),(2,", "(1)", "(1,2,3)", "(1,(2))"])
def test_a_broken_dump_is_refused_and_tells_no_value(text: str) -> None:
    with pytest.raises(BrokenDump) as refused:
        list(rows_of([f"INSERT INTO `carmis` (`a`,`b`) VALUES {text}"], lambda table: True))
    assert "cut off" not in str(refused.value)


def test_rows_without_known_columns_are_refused() -> None:
    with pytest.raises(NoColumns):
        list(rows_of(["INSERT INTO carmis VALUES (1);"], lambda table: True))


def test_a_large_statement_takes_little_memory() -> None:
    def pieces() -> Iterator[str]:
        yield "INSERT INTO `carmis` (`id`,`carmi`) VALUES (0,'first')"
        for number in range(2000):
            yield "".join(f",({number},'{'x' * 40}')" for _ in range(50))
        yield ";"

    tracemalloc.start()
    count = sum(1 for _ in rows_of(pieces(), lambda table: True))
    passed = sum(1 for _ in rows_of(pieces(), lambda table: False))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, passed) == (100_001, 0)
    assert peak < 2 * 1024 * 1024
