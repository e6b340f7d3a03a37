"""Codes that the shop makes in bulk, and free codes that move from one SKU to another."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.inventory import queries, service
from app.inventory.errors import BadCount, BadExpiry, NotThoseCodes, OnlyPlainCodes, OtherKind, TooGuessable
from app.inventory.models import Batch, BatchState, Code, Status
from app.inventory.patterns import Pattern
from app.inventory.service import MoveWish, Wish, generating, moving
from app.kit import clock, db, tasks
from app.kit.errors import Invalid
from app.kit.events import SYSTEM, EventRow
from app.kit.ids import public
from tests.make import Shop, make_product

PATTERN = "MF-####-####-####-####-C"


def generate(shop: Shop, **changes: Any) -> UUID:
    wish = {"sku_code": shop.sku, "name": "", "pattern": PATTERN, "count": 5, "expires_on": None, "by": SYSTEM}
    now = clock.now()
    made = Wish(**wish | changes)  # type: ignore[arg-type]
    return shop.write(lambda: service.generate(made, now=now, today=now.date(), currency="CNY"))


def batch_of(shop: Shop, number: UUID) -> Batch:
    return shop.read(lambda: queries.get_batch(number))


def count(shop: Shop, *conditions: Any) -> int:
    return shop.read(lambda: db.session().scalar(select(func.count()).select_from(Code).where(*conditions))) or 0


def sku_id(shop: Shop, code: str = "") -> UUID:
    return shop.read(lambda: catalog.get_sku(code or shop.sku).id)


def test_a_batch_has_just_as_many_codes_as_were_asked_for(stall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "SLICE", 7)
    number = generate(stall, count=30)
    stall.drain()
    batch = batch_of(stall, number)
    assert (batch.state, batch.imported, batch.cost_amount, batch.supplier) == (BatchState.READY, 30, 0, "")
    assert count(stall, Code.batch_id == number, Code.status == Status.FREE) == 30


def test_a_code_that_exists_is_made_anew(stall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter(["MF-2222-2222-2222-2222", "MF-2222-2222-2222-2222", *(f"MF-{n:04}" for n in range(1000, 1100))])
    monkeypatch.setattr(Pattern, "make", lambda _self: next(made))
    number = generate(stall, count=3)
    stall.drain()
    assert count(stall, Code.batch_id == number) == 3


def test_nothing_that_is_kept_names_a_code(stall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make = Pattern.make

    def noted(self: Pattern) -> str:
        made.append(make(self))
        return made[-1]

    monkeypatch.setattr(Pattern, "make", noted)
    number = generate(stall, count=2)
    stall.drain()
    batch = batch_of(stall, number)
    events = stall.read(lambda: [str(row.data) for row in db.session().scalars(select(EventRow))])
    said = " ".join([*events, *(str(value) for value in vars(batch).values())])
    assert len(made) == 2
    assert not any(code in said for code in made)


def test_generated_codes_are_sold_like_others(stall: Shop) -> None:
    generate(stall, count=2)
    stall.drain()
    assert stall.pay(stall.place(2))
    assert count(stall, Code.sku_id == sku_id(stall), Code.status == Status.SOLD) == 2


@pytest.mark.parametrize(
    ("changes", "field", "refusal"),
    [
        ({"count": 0}, "count", BadCount),
        ({"count": 100_001}, "count", BadCount),
        ({"pattern": "MF-####-C"}, "pattern", TooGuessable),
        ({"expires_on": clock.now().date() - timedelta(days=3)}, "expires", BadExpiry),
    ],
)
def test_what_cannot_be_generated_is_refused(stall: Shop, changes: Any, field: str, refusal: type) -> None:
    with pytest.raises(Invalid) as refused:
        generate(stall, **changes)
    assert isinstance(refused.value.fields[field], refusal)


def test_a_card_with_a_pin_is_not_generated(stall: Shop) -> None:
    card = make_product(stall, kind=Kind.CARD)
    with pytest.raises(Invalid) as refused:
        generate(stall, sku_code=card)
    assert isinstance(refused.value.fields["sku"], OnlyPlainCodes)


# Moving -----------------------------------------------------------------------------------------------------------


def move(shop: Shop, to: str, expected: int, **filters: str) -> UUID:
    wish = MoveWish(sku_id(shop), sku_id(shop, to), filters, expected, "wrong SKU")
    return shop.write(lambda: service.move(wish, now=clock.now(), by=SYSTEM))


def test_free_codes_move_and_held_and_sold_ones_stay(stall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "SLICE", 3)
    other = make_product(stall, kind=Kind.CODE)
    stall.codes(10)
    assert stall.pay(stall.place(2))
    stall.place(1)
    number = move(stall, other, 7)
    stall.drain()
    assert count(stall, Code.sku_id == sku_id(stall, other), Code.status == Status.FREE) == 7
    assert count(stall, Code.sku_id == sku_id(stall)) == 3
    task = stall.read(lambda: tasks.find(queries.MOVE, number))
    assert task
    assert (task.state, task.done, task.total) == (tasks.State.DONE, 7, 7)
    ours = sku_id(stall, other)
    assert stall.read(lambda: queries.stock_of([ours])) == {ours: 7}


def test_only_what_the_filter_names_moves(stall: Shop) -> None:
    other = make_product(stall, kind=Kind.CODE)
    stall.codes(4)
    batch = stall.codes(3)
    move(stall, other, 3, batch=public("bat", batch.id))
    stall.drain()
    assert count(stall, Code.sku_id == sku_id(stall, other)) == 3 == count(stall, Code.batch_id == batch.id)


def test_who_waits_for_the_other_sku_is_served(stall: Shop) -> None:
    other = make_product(stall, kind=Kind.CODE)
    stall.codes(1)
    stall.imports("WAITS-FOR-ONE-0001", sku=other)
    order = stall.place(sku=other)
    stall.write(lambda: db.changed(update(Code).where(Code.sku_id == sku_id_now(other)).values(frozen=True)))
    assert stall.pay(order)
    assert count(stall, Code.sku_id == sku_id(stall, other), Code.status == Status.SOLD) == 0
    move(stall, other, 1)
    stall.drain()
    assert count(stall, Code.sku_id == sku_id(stall, other), Code.status == Status.SOLD) == 1


def sku_id_now(code: str) -> UUID:
    return catalog.get_sku(code).id


def test_a_number_that_changed_is_not_moved(stall: Shop) -> None:
    other = make_product(stall, kind=Kind.CODE)
    stall.codes(2)
    with pytest.raises(Invalid) as refused:
        move(stall, other, 3)
    assert isinstance(refused.value.fields["count"], NotThoseCodes)


def test_codes_do_not_move_to_another_kind_or_to_themselves(stall: Shop) -> None:
    card = make_product(stall, kind=Kind.CARD)
    stall.codes(1)
    for to in (card, stall.sku):
        with pytest.raises(Invalid) as refused:
            move(stall, to, 1)
        assert isinstance(refused.value.fields["to"], OtherKind)
