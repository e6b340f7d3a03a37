"""Codes in clear for the shop's own people: few at once, many with somebody else, each on record, none sold after."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.inventory import service
from app.inventory.errors import ExportOver, NothingToExport, OutOfStock, OwnExport
from app.inventory.models import Code, CodeExport, ExportState, Status
from app.inventory.queries import EXPORT_MAIL
from app.kit import clock, crypto, db, effects
from app.kit.errors import Invalid
from app.kit.events import By, EventRow
from app.kit.ids import new_id
from app.kit.secret import Secret
from tests.make import Shop, fresh_code

ALICE, BOB = By("user", new_id()), By("user", new_id())
DAY = timedelta(days=1)


def ask(shop: Shop, *, others: Any = (), keep: bool = False, by: By = ALICE, **filters: str) -> UUID:
    wish = service.ExportWish(filters, "to print them", keep)
    return shop.write(lambda: service.ask_export(wish, others=others, now=clock.now(), by=by))


def row_of(shop: Shop, number: UUID) -> CodeExport:
    return shop.read(lambda: db.get(CodeExport, number))


def decide(shop: Shop, number: UUID, *, allow: bool = True, by: By = BOB) -> None:
    shop.write(lambda: service.decide_export(number, allow=allow, now=clock.now(), by=by))


def take(shop: Shop, number: UUID, *, by: By = ALICE, later: timedelta = timedelta(0), limit: int = 100) -> list[str]:
    """Take an export as the office does: slice by slice, each committed before it is opened."""
    row = shop.write(lambda: service.take_export(number, now=clock.now() + later, by=by))
    after: UUID | None = None
    codes: list[str] = []
    while True:
        args: dict[str, Any] = {"after": after, "limit": limit, "network": "10.0.0.0/24", "by": by}
        after, opened = shop.write(lambda args=args: service.export_some(row, now=clock.now(), **args))  # type: ignore[misc]
        if after is None:
            return codes
        secrets: list[Secret] = crypto.open([one.reveal for one in opened], by=by)
        codes += [json.loads(secret.expose())["code"] for secret in secrets]


def count(shop: Shop, status: Status) -> int:
    query = select(func.count()).select_from(Code).where(Code.status == status)
    return shop.read(lambda: db.session().scalar(query)) or 0


def test_a_few_codes_are_taken_at_once_each_on_record_and_none_is_sold_after(shop: Shop) -> None:
    ours = {fresh_code() for _ in range(7)}
    shop.imports("\n".join(ours))
    number = ask(shop)
    assert set(take(shop, number, limit=3)) == ours
    told = shop.read(lambda: db.session().scalars(select(EventRow).where(EventRow.name == "export.revealed")).all())
    assert len({row.subject_id for row in told}) == 7
    assert {(row.actor_id, row.data["export_id"]) for row in told} == {(ALICE.id, str(number))}
    assert (count(shop, Status.FREE), count(shop, Status.QUARANTINED)) == (0, 7)
    with pytest.raises(OutOfStock):
        shop.place()


def test_a_backup_stays_for_sale(shop: Shop) -> None:
    shop.codes(2)
    assert len(take(shop, ask(shop, keep=True))) == 2
    assert shop.pay(shop.place(2))


def test_what_is_sold_or_held_is_not_taken(shop: Shop) -> None:
    shop.codes(5)
    assert shop.pay(shop.place(2))
    number = ask(shop)
    shop.place(1)
    assert len(take(shop, number)) == 2


def test_what_came_after_it_was_asked_for_is_not_taken(shop: Shop) -> None:
    shop.codes(2)
    number = ask(shop)
    shop.codes(3)
    assert len(take(shop, number)) == 2


def test_more_than_fifty_a_day_need_somebody_else(shop: Shop) -> None:
    shop.codes(51)
    number = ask(shop, others={ALICE.id, BOB.id})
    assert row_of(shop, number).state is ExportState.ASKED
    with pytest.raises(ExportOver):
        take(shop, number)
    with pytest.raises(OwnExport):
        decide(shop, number, by=ALICE)
    decide(shop, number)
    assert len(take(shop, number)) == 51


def test_many_small_wishes_are_one_large_one(shop: Shop) -> None:
    shop.codes(30)
    first = ask(shop, others={BOB.id}, keep=True)
    second = ask(shop, others={BOB.id}, keep=True, by=ALICE)
    assert (row_of(shop, first).state, row_of(shop, second).state) == (ExportState.ALLOWED, ExportState.ASKED)


def test_who_is_alone_waits_a_day_and_is_told(shop: Shop) -> None:
    shop.codes(51)
    number = ask(shop, others={ALICE.id})
    told = shop.read(lambda: effects.list_of([number]))[number]
    assert [effect.kind for effect in told] == [EXPORT_MAIL]
    with pytest.raises(ExportOver):
        take(shop, number, later=DAY - timedelta(minutes=1))
    assert len(take(shop, number, later=DAY + timedelta(minutes=1))) == 51


def test_an_export_is_taken_once_and_by_who_asked(shop: Shop) -> None:
    shop.codes(1)
    number = ask(shop)
    with pytest.raises(ExportOver):
        take(shop, number, by=BOB)
    take(shop, number)
    with pytest.raises(ExportOver):
        take(shop, number)


def test_a_refused_export_is_not_taken(shop: Shop) -> None:
    shop.codes(60)
    number = ask(shop, others={BOB.id})
    decide(shop, number, allow=False)
    with pytest.raises(ExportOver):
        take(shop, number)
    with pytest.raises(ExportOver):
        decide(shop, number)


def test_nothing_is_no_export(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        ask(shop)
    assert isinstance(refused.value.fields["count"], NothingToExport)


def test_events_and_rows_hold_no_code(shop: Shop) -> None:
    code = fresh_code()
    shop.imports(code)
    number = ask(shop)
    take(shop, number)
    events = shop.read(lambda: [str(row.data) for row in db.session().scalars(select(EventRow))])
    assert code not in " ".join([*events, str(vars(row_of(shop, number)))])
