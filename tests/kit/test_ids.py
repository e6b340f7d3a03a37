"""Ids sort by time, read well and never let garbage through."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from app.kit import ids
from tests.kit.depth import DEPTH

ONE = UUID("018f3a5e-6c7d-7e8f-9a0b-1c2d3e4f5a6b")


@given(st.uuids())
@settings(max_examples=200 * DEPTH, deadline=None)
def test_what_outsiders_see_leads_back(number: UUID) -> None:
    shown = ids.public("ord", number)

    assert ids.from_public("ord", shown) == number
    assert ids.from_public("ord", shown.upper().replace("ORD_", "ord_")) == number
    assert len(shown) == len("ord_") + 26
    assert not set(shown.removeprefix("ord_")) & set("ilou")


@given(st.uuids(), st.uuids())
@settings(max_examples=200 * DEPTH, deadline=None)
def test_the_shown_form_sorts_as_the_id_does(one: UUID, two: UUID) -> None:
    assert (ids.base32(one) < ids.base32(two)) == (one < two)


def test_later_ids_sort_after_earlier_ones() -> None:
    made = [ids.new_id() for _ in range(5000)]

    assert made == sorted(set(made))
    assert {number.version for number in made} == {7}


def test_look_alikes_are_read_as_what_was_meant() -> None:
    shown = ids.base32(UUID(int=32**24 + 1))
    assert (shown[1], shown[-1]) == ("1", "1")

    for one in "iIlL1":
        for zero in "oO0":
            assert ids.from_base32(shown.replace("1", one).replace("0", zero)) == UUID(int=32**24 + 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "ord",
        "ord_",
        ids.base32(ONE),
        ids.public("sku", ONE),
        ids.public("ord", ONE)[:-1],
        ids.public("ord", ONE) + "0",
        " " + ids.public("ord", ONE),
        "ord_" + "z" * 26,  # more than 128 bits
        "ord_" + "u" * 26,
        "ord_" + "-" * 26,
        "ord_" + "٣" * 26,
        "ord_" + "İ" * 13,
        "ord_" + "\0" * 26,
    ],
)
def test_garbage_is_nobodys_id(text: str) -> None:
    assert ids.from_public("ord", text) is None


@given(st.text(max_size=40))
@settings(max_examples=200 * DEPTH, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    found = ids.from_base32(text)

    assert found is None or len(text) == 26
    assert ids.from_public("ord", text) is None or text.startswith("ord_")


def test_merchants_are_random_and_fit_a_bigint() -> None:
    made = {ids.new_merchant_id() for _ in range(2000)}

    assert len(made) == 2000
    assert all(0 < number < 2**63 for number in made)
    assert sum(number >= 2**62 for number in made) > 800  # nobody can tell who came first


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_the_column_gives_back_what_it_got(dialect: Any) -> None:
    column = ids.Id()

    bound = column.process_bind_param(ONE, dialect)

    assert bound == (ONE.bytes if dialect.name == "sqlite" else ONE)
    assert column.process_result_value(bound, dialect) == ONE
    assert column.process_bind_param(None, dialect) is column.process_result_value(None, dialect) is None
