"""The four numbers of an import always add up, and each code goes in once, in the order of the file."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.inventory import files
from app.inventory.errors import EmptyFile
from app.inventory.models import Batch, BatchState
from app.kit import events
from app.ledger import queries as ledger
from tests.inventory import pool
from tests.make import Shop, at_once

SHARED = [HealthCheck.function_scoped_fixture]  # the examples share one shop


@dataclass
class Forecast:
    """Says by its own arithmetic what an import of a file must answer; keeps what is in stock."""

    stock: set[str] = field(default_factory=set)
    imported: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def __post_init__(self) -> None:
        self.met: set[str] = set()

    def read(self, line: str) -> None:
        code = line.strip()
        if not code:
            return
        name = code.upper().replace("-", "")
        if len(code) > 500 or "\x07" in code:
            self.numbers[3] += 1
        elif name in self.met:
            self.numbers[1] += 1
        elif name in self.stock:
            self.numbers[2] += 1
        else:
            self.numbers[0] += 1
            self.imported.append(code)
        self.met.add(name)


ROW = st.sampled_from(["fresh", "fresh", "again", "again in other letters", "stock", "blank", "spaces", "long", "bell"])


def written(kinds: list[str], stocked: list[str], chance: random.Random) -> Iterator[str]:
    """Write a line for each kind."""
    before: list[str] = []
    for kind in kinds:
        if kind == "fresh":
            before.append(pool.fresh_codes(1)[0])
            yield before[-1]
        elif kind == "stock":
            yield chance.choice(stocked)
        elif kind in {"again", "again in other letters"} and before:
            code = chance.choice(before)
            yield code if kind == "again" else f"{code[:4]}-{code[4:]}".lower()
        else:
            yield {"spaces": "  \t", "long": "y" * 501, "bell": f"A\x07{len(before)}"}.get(kind, "")


@given(
    kinds=st.lists(ROW, max_size=80),
    seed=st.integers(0, 2**32),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    header=st.booleans(),
    piece=st.sampled_from([1, 7, 100, 10**6]),
)
@settings(max_examples=12 * pool.DEPTH, deadline=None, suppress_health_check=SHARED)
def test_the_numbers_add_up(shop: Shop, kinds: list[str], seed: int, end: str, header: bool, piece: int) -> None:
    chance = random.Random(seed)
    stocked = pool.fresh_codes(3)
    before = pool.codes(shop)
    pool.bring(shop, "\n".join(stocked))
    lines = list(written(kinds, stocked, chance))
    forecast = Forecast(stock=set(stocked))
    for line in lines:
        forecast.read(line)
    text = end.join([*(["code"] if header else []), *lines])

    if not sum(forecast.numbers):
        with pytest.raises(EmptyFile):
            pool.bring(shop, text, piece=piece)
        return
    batch = pool.bring(shop, text, piece=piece)

    assert list(pool.numbers(batch)) == forecast.numbers
    assert batch.total == sum(forecast.numbers) == sum(1 for line in lines if line.strip())
    assert len(pool.issues(shop, batch)) == batch.total - batch.imported
    assert pool.codes(shop) == before + stocked + forecast.imported


def test_a_file_of_several_chunks_and_slices_is_one_file(shop: Shop) -> None:
    # 107 letters and CRLF: the first chunk of 256 kB would end between CR and LF.
    codes = pool.fresh_codes(2600, 107)
    assert files.CHUNK % 109 == 108
    stocked = codes[1450]
    pool.bring(shop, stocked)
    lines = list(codes)
    lines[2100] = codes[0]  # of another slice
    lines[2500] = codes[1].lower()  # of another chunk
    lines[2510] = stocked  # met in stock before, so now in the file
    lines[2520] = "x" * 106 + "\x07"

    batch = pool.bring(shop, "\r\n".join(lines))

    assert pool.numbers(batch) == (2595, 3, 1, 1)
    assert pool.issues(shop, batch) == [
        (1451, "IN_STOCK", ""),
        (2101, "IN_FILE", ""),
        (2501, "IN_FILE", ""),
        (2511, "IN_FILE", ""),
        (2521, "INVALID", "unprintable"),
    ]
    taken = [code for n, code in enumerate(codes) if n not in {1450, 2100, 2500, 2510, 2520}]
    assert pool.codes(shop) == [stocked, *taken]
    assert pool.traces(shop)["import_chunk"] == 0


def test_two_imports_of_one_file_at_once_give_each_code_once(shop: Shop) -> None:
    codes = pool.fresh_codes(600)
    backwards = "\n".join(reversed(codes))

    batches = at_once([lambda: pool.bring(shop, "\n".join(codes)), lambda: pool.bring(shop, backwards)])

    assert all(isinstance(batch, Batch) and batch.total == 600 for batch in batches), batches
    assert sorted(pool.codes(shop)) == sorted(codes)
    each = [pool.numbers(batch) for batch in batches]  # type: ignore[arg-type]
    assert [sum(numbers) for numbers in zip(*each, strict=True)] == [600, 0, 600, 0]


def test_the_first_imports_of_a_shop_may_come_at_once(shop: Shop) -> None:
    files = [pool.fresh_codes(20) for _ in range(6)]

    at_once([lambda text=text: pool.bring(shop, "\n".join(text)) for text in files])  # type: ignore[misc]

    assert sorted(pool.codes(shop)) == sorted(code for text in files for code in text)


def test_an_import_tells_what_it_did_and_what_it_cost(shop: Shop) -> None:
    batch = pool.bring(shop, "A1\nB2\nA1\n", cost=250)

    (row,) = shop.read(lambda: events.timeline(subject=("batch", batch.id)))
    assert row.name == "codes.imported"
    assert row.data | {"total": 3, "imported": 2, "duplicate_in_file": 1} == row.data
    assert row.data | {"duplicate_in_stock": 0, "invalid": 0} == row.data
    entries = shop.read(lambda: ledger.list_entries("purchase", batch.id))
    assert {entry.account: entry.amount for entry in entries} == {"asset:stock": 500, "liability:suppliers": -500}


def test_an_import_of_nothing_new_is_an_answer_not_an_error(shop: Shop) -> None:
    pool.bring(shop, "A1\nB2\n")

    batch = pool.bring(shop, "A1\nB2\n")

    assert pool.numbers(batch) == (0, 0, 2, 0)
    assert batch.state is BatchState.READY
    assert shop.read(lambda: ledger.list_entries("purchase", batch.id)) == []
