"""Batches: counted live, corrected, recalled and released, undone before the first sale, and proved by papers."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.inventory import queries, service, staged
from app.inventory.errors import BatchTouched, ChangeUnderWay, NotRecalled, OddPaper, OutOfStock, TooManyPapers
from app.inventory.models import Batch, BatchState, Proof
from app.inventory.service import BatchFacts, intake
from app.kit import clock, db
from app.kit.crypto.keys import DataKey
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.listing import listed
from app.ledger import queries as books
from tests.inventory.life import account, codes_of, counts, events, finish, now_known, sold
from tests.inventory.life import stock_is_worth_its_codes as worth
from tests.inventory.pool import today
from tests.make import Shop, fresh_code

PAPER = b"%PDF-1.7 a contract"


def batch_of(shop: Shop, batch: Batch) -> Batch:
    return shop.read(lambda: queries.get_batch(batch.id))


def correct(shop: Shop, batch: Batch, **facts: Any) -> None:
    """Correct facts of a batch, and let its codes follow."""
    known = BatchFacts(**{field.name: getattr(batch_of(shop, batch), field.name) for field in fields(BatchFacts)})
    wanted, by = replace(known, **facts), {"now": clock.now(), "by": SYSTEM}
    for task_id in shop.write(lambda: service.change_batch(batch.id, wanted, **by)):  # type: ignore[arg-type]
        finish(shop, task_id)


def call_back(shop: Shop, batch: Batch, count: int = 1000) -> None:
    task_id = shop.write(lambda: service.recall(batch.id, count=count, **now_known()))
    if task_id:
        finish(shop, task_id)


def let_go(shop: Shop, batch: Batch) -> None:
    task_id = shop.write(lambda: service.release_recall(batch.id, **now_known()))
    if task_id:
        finish(shop, task_id)


def undo(shop: Shop, batch: Batch) -> None:
    finish(shop, shop.write(lambda: service.undo_import(batch.id, count=1000, **now_known())))


def test_a_batch_counts_its_own_codes_under_the_first_class_that_fits(shop: Shop) -> None:
    batch = shop.codes(8)
    sold(shop)
    shop.place()
    shop.codes(3)
    left = [code.id for code in codes_of(shop, batch) if code.status == 0]
    shop.write(lambda: service.freeze(left[0], **now_known()))
    shop.write(lambda: service.void(left[1], **now_known()))

    assert counts(shop, batch) == {"sold": 1, "held": 1, "frozen": 1, "void": 1, "available": 4}


def test_a_batch_that_came_in_by_another_way_is_counted_without_its_range(shop: Shop) -> None:
    batch = shop.codes(2)

    def forget() -> None:
        row = queries.get_batch(batch.id)
        row.first_code = row.last_code = None

    shop.write(forget)

    assert counts(shop, batch) == {"available": 2}


def test_a_new_expiry_reaches_the_codes_that_are_not_sold(shop: Shop) -> None:
    batch = shop.codes(3)
    _, owned = sold(shop)
    last = today() - timedelta(days=1)

    correct(shop, batch, expires_on=last, supplier="Another", rank=5, tags="gift vip")

    by_id = {code.id: code.expires_on for code in codes_of(shop, batch)}
    assert by_id.pop(owned.code_id) is None  # type: ignore[arg-type]
    assert set(by_id.values()) == {last}
    assert counts(shop, batch) == {"sold": 1, "expired": 2}
    assert events(shop, batch.id).count("batch.changed") == 4


def test_an_expiry_can_be_taken_away(shop: Shop) -> None:
    batch = shop.codes(1)
    correct(shop, batch, expires_on=date(2030, 1, 1))

    correct(shop, batch, expires_on=None)

    assert [code.expires_on for code in codes_of(shop, batch)] == [None]


def test_a_corrected_cost_is_the_codes_and_the_books(shop: Shop) -> None:
    batch = shop.codes(4, cost=500)

    correct(shop, batch, cost_amount=650)

    assert {code.cost for code in codes_of(shop, batch)} == {650}
    assert (account(shop, "asset:stock"), account(shop, "liability:suppliers"), worth(shop)) == (2600, -2600, True)


def test_the_cost_stays_once_a_code_was_sold(shop: Shop) -> None:
    batch = shop.codes(2, cost=500)
    sold(shop)

    with pytest.raises(Invalid) as refused:
        correct(shop, batch, cost_amount=650)

    assert set(refused.value.fields) == {"cost"}
    assert batch_of(shop, batch).cost_amount == 500


def test_a_recall_freezes_what_is_not_sold_and_a_release_only_what_it_froze(shop: Shop) -> None:
    batch = shop.codes(5)
    sold(shop)
    own = next(code for code in codes_of(shop, batch) if code.status == 0)
    shop.write(lambda: service.freeze(own.id, **now_known()))

    call_back(shop, batch)
    assert counts(shop, batch) == {"sold": 1, "frozen": 4}
    with pytest.raises(OutOfStock):
        shop.place()
    let_go(shop, batch)

    assert counts(shop, batch) == {"sold": 1, "frozen": 1, "available": 3}
    assert batch_of(shop, batch).recalled_at is None
    with pytest.raises(NotRecalled):
        let_go(shop, batch)


def test_a_recalled_code_on_hold_is_not_handed_over(shop: Shop) -> None:
    batch = shop.codes(1)
    order = shop.place()
    call_back(shop, batch)

    assert shop.pay(order)

    assert counts(shop, batch) == {"frozen": 1}


def test_what_comes_in_after_a_recall_is_frozen_at_birth(shop: Shop) -> None:
    batch = shop.codes(1)
    call_back(shop, batch)

    def more() -> None:
        row = queries.get_batch(batch.id)
        kind = staged.kind_of(row)
        intake.take_in(row, kind, [intake.Row(2, (fresh_code(),))])

    shop.write(more)

    assert counts(shop, batch) == {"frozen": 2}


def test_an_import_is_undone_and_can_be_done_again(shop: Shop) -> None:
    kept, text = shop.codes(2, cost=100), "\n".join(fresh_code() for _ in range(5))
    batch = shop.imports(text, cost=300)

    undo(shop, batch)

    assert (counts(shop, batch), batch_of(shop, batch).state) == ({}, BatchState.UNDONE)
    assert (account(shop, "asset:stock"), account(shop, "liability:suppliers"), worth(shop)) == (200, -200, True)
    periods = shop.read(lambda: set(db.session().scalars(select(DataKey.period))))
    assert batch.id.hex not in periods
    assert kept.id.hex in periods
    assert not shop.read(books.check)
    again = shop.imports(text, cost=300)
    assert (again.imported, counts(shop, again)) == (5, {"available": 5})


@pytest.mark.parametrize("how", ["held", "sold", "void"])
def test_an_import_that_somebody_touched_is_not_undone(shop: Shop, how: str) -> None:
    batch = shop.codes(3)
    if how == "void":
        first = codes_of(shop, batch)[0].id
        shop.write(lambda: service.void(first, **now_known()))
    elif how == "sold":
        sold(shop)
    else:
        shop.place()

    with pytest.raises(BatchTouched):
        undo(shop, batch)

    assert sum(counts(shop, batch).values()) == 3


def test_a_code_that_is_sold_while_an_import_is_undone_stays_with_its_batch(shop: Shop) -> None:
    batch = shop.codes(3, cost=100)
    task_id = shop.write(lambda: service.undo_import(batch.id, count=3, **now_known()))
    sold(shop)

    finish(shop, task_id)

    assert (counts(shop, batch), batch_of(shop, batch).state) == ({"sold": 1}, BatchState.READY)
    assert (account(shop, "asset:stock"), account(shop, "expense:goods"), worth(shop)) == (0, 100, True)


def test_two_changes_of_a_batch_do_not_run_at_once(shop: Shop) -> None:
    batch = shop.codes(3)
    shop.write(lambda: service.recall(batch.id, count=3, **now_known()))

    with pytest.raises(ChangeUnderWay):
        undo(shop, batch)


def test_the_list_of_batches_finds_by_supplier_tag_expiry_and_state(shop: Shop) -> None:
    one, two = shop.codes(1), shop.codes(1)
    correct(shop, one, supplier="Wei", tags="gift card", expires_on=today() + timedelta(days=10))
    call_back(shop, two)

    def found(**args: str) -> list[UUID]:
        return shop.read(lambda: [row.id for row in listed(queries.BATCHES, args).page.rows])

    assert found(supplier="Wei") == found(tag="gift") == found(expiring="30") == [one.id]
    assert found(tag="gif") == found(expiring="7") == []
    assert found(state="recalled") == [two.id]
    assert found(state="ready") == [two.id, one.id]


# Papers ----------------------------------------------------------------------------------------------------------


def test_a_paper_is_sealed_and_comes_back_as_it_was(shop: Shop) -> None:
    batch, known = shop.codes(1), {"now": clock.now(), "by": SYSTEM}
    content = PAPER + bytes(range(256))
    proof = shop.write(lambda: service.add_proof(batch.id, "contract.pdf", content, **known))  # type: ignore[arg-type]

    stored = shop.read(lambda: db.session().scalars(select(Proof.sealed)).one())
    taken, back = shop.write(lambda: service.take_proof(batch.id, proof.id, network="192.0.2.0/24", **known))  # type: ignore[arg-type]

    assert PAPER not in stored
    assert (back, taken.media) == (content, "application/pdf")
    assert events(shop, batch.id)[-2:] == ["proof.added", "proof.downloaded"]


def test_only_papers_are_taken_and_ten_of_them(shop: Shop) -> None:
    batch, known = shop.codes(1), {"now": clock.now(), "by": SYSTEM}

    def add(content: bytes) -> Proof:
        return shop.write(lambda: service.add_proof(batch.id, "a.pdf", content, **known))  # type: ignore[arg-type]

    with pytest.raises(OddPaper):
        add(b"<script>alert(1)</script>")
    for _ in range(10):
        add(PAPER)
    with pytest.raises(TooManyPapers, match="10"):
        add(PAPER)
