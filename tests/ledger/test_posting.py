"""B2.1: whatever is posted sums to zero in each currency, or nothing of it is written."""

from collections import defaultdict
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from app.finance import postings
from app.kit import clock
from app.kit.ids import new_id
from app.kit.money import Money
from app.ledger import queries, service
from app.ledger.service import Leg, Posting, Unbalanced
from tests.kit.depth import DEPTH
from tests.ledger.books import ENTRY, TRANSACTION, Books

MOST = 10**14
often = settings(max_examples=100 * DEPTH, deadline=None)
on_engines = settings(
    max_examples=20 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
accounts = st.sampled_from(["asset:gateway", "asset:stock", "income:sales", "expense:goods", "liability:suppliers"])
amounts = st.one_of(st.integers(-MOST, MOST), st.integers(-3, 3))
loose = st.lists(st.tuples(accounts, amounts, st.sampled_from(["CNY", "USD", "JPY"])), max_size=8)


def closed(legs: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """Add the legs that make up for the others."""
    sums: dict[str, int] = defaultdict(int)
    for _, minor, currency in legs:
        sums[currency] += minor
    return legs + [("equity:rest", -rest, currency) for currency, rest in sums.items()]


def posting(legs: list[tuple[str, int, str]], subject: UUID) -> Posting:
    now = clock.now()
    taken = tuple(Leg(account, Money(minor, currency)) for account, minor, currency in legs)
    return Posting("any", subject, now, now.date(), taken)


def sums(legs: list[tuple[str, int, str]]) -> dict[str, int]:
    added: dict[str, int] = defaultdict(int)
    for _, minor, currency in legs:
        added[currency] += minor
    return dict(added)


@given(st.lists(loose.filter(bool).map(closed), min_size=1, max_size=5))
@on_engines
def test_balanced_postings_are_written_as_they_are(books: Books, many: list[list[tuple[str, int, str]]]) -> None:
    asked = {new_id(): legs for legs in many}

    books.write(lambda: service.post([posting(legs, subject) for subject, legs in asked.items()]))

    for subject, legs in asked.items():
        written = [(e.account, e.amount, e.currency) for e in books.read(partial(queries.list_entries, "any", subject))]
        assert written == legs
        assert set(sums(written).values()) == {0}


@given(st.lists(loose.filter(bool).map(closed), max_size=3), loose)
@on_engines
def test_one_that_does_not_sum_to_zero_keeps_all_out(
    books: Books, fine: list[list[tuple[str, int, str]]], bad: list[tuple[str, int, str]]
) -> None:
    assume(len(bad) < 2 or any(sums(bad).values()))
    before = books.count(ENTRY), books.count(TRANSACTION)

    with pytest.raises(Unbalanced):
        books.write(lambda: service.post([posting(legs, new_id()) for legs in [*fine, bad]]))

    assert (books.count(ENTRY), books.count(TRANSACTION)) == before


def test_one_currency_does_not_make_up_for_another(books: Books) -> None:
    with pytest.raises(Unbalanced):
        books.write(lambda: service.post([posting([("a", 5, "CNY"), ("b", -5, "USD")], new_id())]))


@given(st.integers(0, MOST), st.integers(0, MOST))
@often
def test_every_sale_and_purchase_sums_to_zero(price: int, cost: int) -> None:
    known: dict[str, Any] = {"at": AT, "day": AT.date()}
    sale = postings.sale(order_id=new_id(), total=Money(price, "CNY"), cost=Money(cost, "CNY"), **known)
    purchase = postings.purchase(batch_id=new_id(), cost=Money(cost, "CNY"), **known)

    for one in (sale, purchase):
        assert sum(leg.amount.minor for leg in one.legs) == 0
        assert len(one.legs) >= 2


def test_a_subject_is_posted_once_under_a_kind(books: Books) -> None:
    legs, subject = closed([("asset:gateway", 5, "CNY")]), new_id()
    books.write(lambda: service.post([posting(legs, subject)]))

    with pytest.raises(IntegrityError):
        books.write(lambda: service.post([posting(legs, new_id()), posting(legs, subject)]))

    assert books.count(TRANSACTION) == 1
    assert books.count(ENTRY) == 2
