"""Codes in clear for the shop's own people: few at once, many with somebody else, each on record, none sold after."""

import json
from collections.abc import Generator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.inventory import service
from app.inventory.errors import ExportOver, NothingToExport, OutOfStock, OwnExport
from app.inventory.models import Code, CodeExport, ExportState, Status
from app.inventory.queries import EXPORT_MAIL
from app.kit import clock, crypto, db, effects
from app.kit.errors import Invalid, NotFound
from app.kit.events import By, EventRow
from app.kit.ids import new_id
from app.kit.secret import Secret
from tests.make import Shop, fresh_code

ALICE, BOB = By("user", new_id()), By("user", new_id())
DAY, NETWORK = timedelta(days=1), "10.0.0.0/24"


def ask(shop: Shop, *, others: Any = (), keep: bool = False, by: By = ALICE, **filters: str) -> UUID:
    wish = service.ExportWish(filters, "to print them", keep)
    return shop.write(lambda: service.ask_export(wish, others=others, now=clock.now(), by=by))


def row_of(shop: Shop, number: UUID) -> CodeExport:
    return shop.read(lambda: db.get(CodeExport, number))


def decide(shop: Shop, number: UUID, *, allow: bool = True, by: By = BOB) -> None:
    shop.write(lambda: service.decide_export(number, allow=allow, now=clock.now(), by=by))


def take(shop: Shop, number: UUID, *, by: By = ALICE, later: timedelta = timedelta(0), limit: int = 100) -> list[str]:
    """Take an export as the office does: slice by slice, each committed before it is opened."""
    return [code for some in slices(shop, begin(shop, number, by=by, later=later), by=by, limit=limit) for code in some]


def begin(shop: Shop, number: UUID, *, by: By = ALICE, later: timedelta = timedelta(0)) -> service.Taking:
    known: dict[str, Any] = {"network": NETWORK, "now": clock.now() + later, "by": by}
    return shop.write(lambda: service.take_export(number, **known))


def slices(shop: Shop, begun: service.Taking, *, by: By = ALICE, limit: int = 100) -> Generator[list[str], None, None]:
    """Yield what a download brings; whoever stops to ask is cut off."""
    taking: service.Taking | None = begun
    while taking is not None:
        some = partial(service.export_some, taking, limit=limit, network=NETWORK, now=clock.now(), by=by)
        taking, opened = shop.write(some)
        secrets: list[Secret] = crypto.open([one.reveal for one in opened], by=by)
        yield [json.loads(secret.expose())["code"] for secret in secrets]


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


def test_an_export_is_taken_by_who_asked_and_again_for_a_day(shop: Shop) -> None:
    shop.codes(1)
    number = ask(shop)
    with pytest.raises(ExportOver):
        take(shop, number, by=BOB)
    assert take(shop, number) == take(shop, number)
    with pytest.raises(ExportOver):
        take(shop, number, by=BOB)
    with pytest.raises(ExportOver):
        take(shop, number, later=DAY + timedelta(seconds=5))


def told(shop: Shop, name: str) -> list[EventRow]:
    query = select(EventRow).where(EventRow.name == name).order_by(EventRow.id)
    return list(shop.read(lambda: db.session().scalars(query).all()))


@pytest.mark.parametrize("keep", [False, True])
def test_a_download_that_was_cut_off_is_fetched_again_without_a_second_reveal(shop: Shop, keep: bool) -> None:
    ours = {fresh_code() for _ in range(10)}
    shop.imports("\n".join(ours))
    number = ask(shop, keep=keep)
    cut = slices(shop, begin(shop, number), limit=3)
    first = [*next(cut), *next(cut)]
    cut.close()
    assert (len(first), len(told(shop, "export.revealed"))) == (6, 6)

    again = take(shop, number, limit=4)

    assert again[:6] == first
    assert (len(again), set(again)) == (10, ours)
    revealed = told(shop, "export.revealed")
    assert len(revealed) == len({row.subject_id for row in revealed}) == 10
    assert sum(row.data["count"] for row in told(shop, "export.fetched")) == 6
    assert [row.data["again"] for row in told(shop, "export.taken")] == [False, True]
    assert take(shop, number) == again
    assert len(told(shop, "export.revealed")) == 10


def test_the_newest_download_ends_the_one_before(shop: Shop) -> None:
    shop.codes(6)
    number = ask(shop, keep=True)
    old = slices(shop, begin(shop, number), limit=2)
    assert len(next(old)) == 2
    new = begin(shop, number)
    with pytest.raises(ExportOver):
        next(old)
    assert sum(map(len, slices(shop, new, limit=2))) == 6
    assert len(told(shop, "export.revealed")) == 6


def test_what_somebody_holds_or_bought_since_does_not_leave_again(shop: Shop) -> None:
    shop.codes(4)
    number = ask(shop, keep=True)
    assert len(take(shop, number)) == 4
    assert shop.pay(shop.place(2))
    shop.place(1)
    assert len(take(shop, number)) == 1


def test_another_shop_finds_no_export_to_fetch(shop: Shop, other: Shop) -> None:
    shop.codes(1)
    number = ask(shop)
    take(shop, number)
    with pytest.raises(NotFound):
        take(other, number)


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
