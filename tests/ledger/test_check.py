"""Errors are seeded behind the fences, where no code of ours can make them; the check finds and names each."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.kit import clock
from app.kit.ids import new_id, public
from app.ledger import queries
from app.ledger.queries import MOST
from app.web.dispatch import Miaofa
from tests.kit.depth import DEPTH
from tests.ledger.books import BALANCE, ENTRY, TRANSACTION, Books, owner_url, tx

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TWO = (("a", 5, "CNY"), ("b", -5, "CNY"), ("a", 7, "USD"), ("b", -7, "USD"))


def test_whole_books_have_no_fault(books: Books) -> None:
    books.post()
    books.post(*TWO)

    assert books.check() == []
    assert books.read(queries.size) == queries.Size(transactions=2, entries=6)


def test_an_unbalanced_entry_is_found(books: Books) -> None:
    books.post()
    wrong = books.post()

    books.damage(ENTRY, wrong, 0, amount=2000)

    assert books.check() == [("unbalanced", tx(wrong))]
    assert books.read(queries.check)[0].found == "a sum of 1 CNY"


def test_a_missing_entry_is_found(books: Books) -> None:
    wrong = books.post(*TWO)

    books.damage(ENTRY, wrong, 2)

    assert books.check() == [("unbalanced", tx(wrong))]


def test_a_transaction_with_one_entry_is_found(books: Books) -> None:
    wrong = books.post(("a", 0, "CNY"), ("b", 0, "CNY"), kind="odd")

    books.damage(ENTRY, wrong, 1)

    assert books.check() == [("entries missing", f"odd {tx(wrong)}")]


def test_a_transaction_without_entries_is_found(books: Books) -> None:
    wrong = books.post(kind="odd")

    books.damage(ENTRY, wrong)

    assert books.check() == [("entries missing", f"odd {tx(wrong)}")]


def test_entries_without_their_transaction_are_found(books: Books) -> None:
    wrong = books.post()

    books.damage(TRANSACTION, wrong)

    assert books.check() == [("transaction missing", tx(wrong))]


def test_mixed_currencies_are_found(books: Books) -> None:
    wrong = books.post(("a", 5, "CNY"), ("b", -5, "CNY"))

    books.damage(ENTRY, wrong, 1, currency="USD")

    assert books.check() == [("currencies mixed", tx(wrong))]


def test_two_currencies_that_are_both_wrong_are_found(books: Books) -> None:
    wrong = books.post(*TWO)

    books.damage(ENTRY, wrong, 0, amount=6)
    books.damage(ENTRY, wrong, 2, amount=8)

    assert books.check() == [("unbalanced", tx(wrong))]


@pytest.mark.parametrize("change", [{"amount": 1}, {"entries": 2}])
def test_a_rolled_balance_that_is_off_by_one_is_found(books: Books, change: dict[str, int]) -> None:
    books.post(("a", 0, "CNY"), ("b", 0, "CNY"), at=NOW - 5 * DAY)
    books.roll(now=NOW)
    assert books.check() == []

    with books.behind() as connection:
        mine = BALANCE.c.merchant_id == books.merchant_id, BALANCE.c.account == "a"
        connection.execute(BALANCE.update().where(*mine).values(change))

    assert books.check() == [("rolled balance wrong", "a CNY 2026-03-05")]


def test_a_rolled_balance_that_is_missing_is_found(books: Books) -> None:
    for back in (5, 4):
        books.post(at=NOW - back * DAY)
    books.roll(now=NOW)

    with books.behind() as connection:
        first = BALANCE.c.merchant_id == books.merchant_id, BALANCE.c.day == (NOW - 5 * DAY).date()
        connection.execute(BALANCE.delete().where(*first))

    wrong = "rolled balance wrong"
    assert books.check() == [(wrong, "asset:gateway CNY 2026-03-05"), (wrong, "income:sales CNY 2026-03-05")]


def test_an_entry_that_slipped_into_a_rolled_day_is_found(books: Books) -> None:
    books.post(at=NOW - 4 * DAY)
    books.roll(now=NOW)

    late = books.post(at=NOW)
    books.damage(ENTRY, late, day=(NOW - 6 * DAY).date())

    assert {what for what, _ in books.check()} == {"rolled balance wrong"}


def test_a_subject_posted_twice_is_found(fresh: Miaofa, request: pytest.FixtureRequest) -> None:
    books = Books(1, owner_url(fresh, request))
    one, two = books.post(), books.post()
    with books.behind() as connection:
        for statement in WITHOUT_KEY[connection.dialect.name]:
            connection.execute(text(statement))
        subject = new_id()
        connection.execute(TRANSACTION.update().where(TRANSACTION.c.id.in_([one, two])).values(subject_id=subject))

    assert books.check() == [("posted twice", f"sale of {subject}")]


WITHOUT_KEY = {
    "postgresql": ["ALTER TABLE ledger_tx DROP CONSTRAINT uq_ledger_tx_merchant_id_kind_subject_id"],
    "sqlite": [
        "CREATE TABLE plain AS SELECT * FROM ledger_tx",
        "DROP TABLE ledger_tx",
        "ALTER TABLE plain RENAME TO ledger_tx",
    ],
}


def test_another_merchants_faults_are_not_ours(books: Books) -> None:
    neighbour = Books(books.merchant_id + 1, books.owner_url)
    books.post()
    wrong = neighbour.post()

    neighbour.damage(ENTRY, wrong, 0, amount=1)

    assert books.check() == []
    assert neighbour.check() == [("unbalanced", tx(wrong))]


def test_so_many_faults_that_nobody_reads_them_are_cut_short(books: Books) -> None:
    for _ in range(3):
        books.post(*(("a", 5, "CNY"), ("b", -5, "CNY")) * MOST)
    with books.behind() as connection:
        mine = ENTRY.c.merchant_id == books.merchant_id
        numbered = connection.execute(ENTRY.select().where(mine, ENTRY.c.line < 2 * MOST)).all()
        connection.execute(ENTRY.update().where(mine, ENTRY.c.line == 0).values(amount=6))
        connection.execute(
            ENTRY.insert(),
            [row._asdict() | {"tx_id": new_id(), "line": 0, "amount": 0} for row in numbered[: MOST + 5]],
        )

    faults = books.check()

    assert len([what for what, _ in faults if what == "unbalanced"]) == 3
    assert len([what for what, _ in faults if what == "transaction missing"]) == MOST


DAMAGES: dict[str, Callable[[Books, int], object]] = {
    "amount": lambda books, row: pick(books, row, amount=123_456_789),
    "currency": lambda books, row: pick(books, row, currency="XXX"),
    "account": lambda books, row: pick(books, row, account="nobody's"),
    "day": lambda books, row: pick(books, row, day=(NOW - 30 * DAY).date()),
    "gone": lambda books, row: pick(books, row),
    "balance": lambda books, row: books.damage(BALANCE, amount=BALANCE.c.amount + 1),
    "head": lambda books, row: books.damage(TRANSACTION),
    "new": lambda books, row: invent(books),
}


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=4), st.sampled_from(sorted(DAMAGES)), st.integers(0, 99))
@settings(max_examples=12 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_rolled_books_goes_unseen(books: Books, minors: list[int], kind: str, row: int) -> None:
    books = Books(int(new_id().int % 2**62), books.owner_url)
    for minor in minors:
        books.post(("a", minor, "CNY"), ("b", -minor, "CNY"), at=NOW - 5 * DAY)
    books.roll(now=NOW)
    assert books.check() == []

    DAMAGES[kind](books, row)

    assert books.check() != [], kind


def pick(books: Books, row: int, **changes: object) -> None:
    """Damage one entry."""
    with books.behind() as connection:
        mine = ENTRY.select().where(ENTRY.c.merchant_id == books.merchant_id)
        entries = connection.execute(mine).all()
    entry = entries[row % len(entries)]
    assert books.damage(ENTRY, entry.tx_id, entry.line, **changes) == 1


def invent(books: Books) -> None:
    """Write a transaction that is fine in itself into a day that is rolled up."""
    made = books.post(at=clock.now())
    books.damage(ENTRY, made, day=(NOW - 5 * DAY).date())


def test_where_is_what_people_can_look_for(books: Books) -> None:
    wrong = books.post()
    books.damage(ENTRY, wrong, 0, amount=1)

    assert books.check()[0][1] == public("tx", wrong)
