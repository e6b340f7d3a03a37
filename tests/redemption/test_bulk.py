"""A list is looked at, confirmed with its count, and redeemed: each row once, with an answer of its own."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.kit import clock, db, tasks
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.kit.listing import listed
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.errors import BulkGone, CountChanged, EmptyList, ListTooLong, NothingReady
from app.redemption.models import Bulk, BulkRow, BulkState, Channel
from app.redemption.service import Asked, Draft, Via, drafting
from app.redemption.service.drafting import KEPT
from app.refunds import service as refunds
from tests.make import Shop, at_once, fresh_code
from tests.redemption.goods import STAFF, Desk, typed

COMPANY = new_id()
DOOR = Via(Channel.ENTERPRISE, STAFF, network="192.0.2.0/24")


def draft(desk: Desk, *rows: str | UUID | Asked, company_id: UUID | None = None) -> UUID:
    asked = [row if isinstance(row, Asked) else asked_of(row) for row in rows]
    return redemption.draft_bulk(desk.shop.merchant_id, Draft(DOOR, "List", company_id), asked, now=clock.now())


def asked_of(row: str | UUID) -> Asked:
    return Asked(typed(row)) if isinstance(row, str) else Asked(entitlement_id=row)


def confirm(desk: Desk, bulk: UUID, count: int) -> Any:
    return desk.shop.write(lambda: redemption.confirm_bulk(bulk, count=count, now=clock.now(), by=STAFF))


def states(desk: Desk, bulk: UUID) -> list[str]:
    """Return what became of each row, in the order of the list."""
    return [result.row.state.name.lower() for result in desk.shop.read(lambda: queries.results(bulk))]


def bulk_of(desk: Desk, bulk: UUID) -> Bulk:
    return desk.shop.read(lambda: queries.get_bulk(bulk))


def test_a_preview_says_of_each_row_what_would_become_of_it_and_uses_nothing(desk: Desk, other: Shop) -> None:
    desk.rule()
    good, used, refunded = desk.sell(1, company_id=COMPANY) + desk.sell(1, company_id=COMPANY) + desk.sell()
    desk.redeemed(used)
    desk.shop.write(lambda: refunds.refund(refunded.order_id, reason="", now=clock.now(), by=SYSTEM))
    stranger = Desk(other)
    stranger.rule()
    (theirs,) = stranger.sell()
    code = desk.codes[good.id]
    spelled = f" {code[:4].lower()}-{code[4:].lower()} "

    bulk = draft(
        desk, spelled, "NO-SUCH-CODE", stranger.codes[theirs.id], desk.codes[used.id], code, desk.codes[refunded.id]
    )

    assert states(desk, bulk) == ["ready", "unknown", "unknown", "used", "duplicate", "refused"]
    shown = bulk_of(desk, bulk)
    assert (shown.state, shown.total, shown.ready) == (BulkState.PREVIEW, 6, 1)
    counts = desk.shop.read(lambda: queries.count_rows(bulk))
    assert (sum(counts.values()), counts["unknown"], next(iter(counts))) == (6, 2, "failed")
    assert desk.redemptions(good) == []


def test_problems_stand_first_and_each_kind_in_the_order_of_the_list(desk: Desk) -> None:
    desk.rule()
    owned = desk.sell(3)
    codes = [desk.codes[each.id] for each in owned]
    bulk = draft(desk, codes[0], "WHO-1", codes[1], codes[0], "WHO-2", codes[2])

    page = desk.shop.read(lambda: listed(queries.rows_of(bulk), {})).page
    assert [row.line for row in page.rows] == [2, 5, 4, 1, 3, 6]
    kept = desk.shop.read(lambda: listed(queries.rows_of(bulk), {"state": "ready"})).page
    assert [row.line for row in kept.rows] == [1, 3, 6]


def test_pages_of_rows_go_on_where_the_last_one_ended(desk: Desk) -> None:
    bulk = draft(desk, *[f"WHO-{number}" for number in range(120)])

    first = desk.shop.read(lambda: listed(queries.rows_of(bulk), {})).page
    second = desk.shop.read(lambda: listed(queries.rows_of(bulk), {"cursor": first.next or ""})).page
    third = desk.shop.read(lambda: listed(queries.rows_of(bulk), {"cursor": second.next or ""})).page

    assert [row.line for page in (first, second, third) for row in page.rows] == list(range(1, 121))


def test_a_company_sees_no_more_of_others_than_of_what_is_not_there(desk: Desk) -> None:
    desk.rule()
    (mine,), (theirs,), (nobodys,) = desk.sell(company_id=COMPANY), desk.sell(company_id=new_id()), desk.sell()
    codes = [desk.codes[each.id] for each in (mine, theirs, nobodys)]

    bulk = draft(desk, *codes, "NO-SUCH-CODE", theirs.id, mine.id, company_id=COMPANY)

    rows = [result.row for result in desk.shop.read(lambda: queries.results(bulk))]
    assert [row.state.name for row in rows] == ["READY", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN", "DUPLICATE"]
    told = {(row.reason, row.tail, row.entitlement_id) for row in rows if row.state.name == "UNKNOWN"}
    assert told == {("unknown_code", "", None)}
    assert desk.shop.read(lambda: queries.get_bulk(bulk, company_id=COMPANY)).id == bulk
    with pytest.raises(BulkGone):
        desk.shop.read(lambda: queries.get_bulk(bulk, company_id=new_id()))


def test_a_confirmed_list_is_redeemed_row_by_row(desk: Desk) -> None:
    desk.rule(uses=2)
    owned = desk.sell(5)
    rows = [Asked(entitlement_id=each.id, reference=f"Person {place}") for place, each in enumerate(owned)]
    bulk = draft(desk, *rows, "NO-SUCH-CODE")

    assert confirm(desk, bulk, 5) is None
    desk.shop.drain()

    assert states(desk, bulk) == ["done"] * 5 + ["unknown"]
    done = bulk_of(desk, bulk)
    assert (done.state, done.done, done.failed) == (BulkState.DONE, 5, 0)
    assert {desk.left(each) for each in owned} == {1}
    first = desk.shop.read(lambda: queries.results(bulk))[0]
    assert first.redemption
    assert (first.redemption.channel, first.redemption.reference) == (Channel.ENTERPRISE, "Person 0")
    assert (first.redemption.network, first.redemption.actor_id) == ("192.0.2.0/24", STAFF.id)
    kept = select(func.count()).select_from(BulkRow).where(BulkRow.sealed.is_not(None))
    assert desk.shop.read(lambda: db.session().scalar(kept)) == 0


def test_a_number_that_changed_is_not_confirmed(desk: Desk) -> None:
    desk.rule()
    owned = desk.sell(3)
    bulk = draft(desk, *[each.id for each in owned])
    desk.redeemed(owned[1])

    refusal = confirm(desk, bulk, 3)

    assert isinstance(refusal, CountChanged)
    assert (refusal.ready, refusal.kind) == (2, "conflict")
    assert states(desk, bulk) == ["ready", "used", "ready"]
    assert confirm(desk, bulk, 2) is None
    assert confirm(desk, bulk, 2) is None  # the button pressed twice
    desk.shop.drain()
    assert bulk_of(desk, bulk).done == 2
    assert isinstance(confirm(desk, bulk, 3), CountChanged)


def test_what_is_used_between_confirming_and_its_turn_fails_alone(desk: Desk) -> None:
    desk.rule()
    owned = desk.sell(3)
    bulk = draft(desk, *[each.id for each in owned])
    confirm(desk, bulk, 3)
    desk.redeemed(owned[1])
    desk.shop.drain()

    assert states(desk, bulk) == ["done", "failed", "done"]
    assert (bulk_of(desk, bulk).done, bulk_of(desk, bulk).failed) == (2, 1)
    failed = desk.shop.read(lambda: queries.results(bulk))[1].row
    assert failed.reason == "already_redeemed"


def test_a_list_without_a_good_row_is_not_confirmed(desk: Desk) -> None:
    bulk = draft(desk, "NO-SUCH-CODE")

    assert isinstance(confirm(desk, bulk, 0), NothingReady)


def test_two_lists_that_overlap_use_each_entitlement_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.redemption.service.bulks.SLICE", 7)
    desk.rule()
    owned = desk.sell(60)
    ids = [each.id for each in owned]
    one, two = draft(desk, *ids[:45]), draft(desk, *reversed(ids[15:]))
    assert (confirm(desk, one, 45), confirm(desk, two, 45)) == (None, None)
    works = [desk.shop.read(partial(tasks.find, "redemption.bulk", number)) for number in (one, two)]

    ended = at_once([partial(tasks.run, desk.shop.merchant_id, work.id) for work in works if work])

    assert not [error for error in ended if isinstance(error, BaseException)]
    assert {(desk.left(each), desk.used(each)) for each in owned} == {(0, 1)}
    assert len(desk.redemptions(*owned)) == 60
    first, second = bulk_of(desk, one), bulk_of(desk, two)
    assert first.done + second.done == 60
    assert first.failed + second.failed == 30
    assert {first.state, second.state} == {BulkState.DONE}


def test_an_empty_list_and_one_too_long_leave_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "MOST_ROWS", 700)
    with pytest.raises(EmptyList):
        draft(desk)
    with pytest.raises(ListTooLong):
        draft(desk, *[fresh_code() for _ in range(701)])

    left = desk.shop.read(lambda: [db.session().scalars(select(model)).all() for model in (Bulk, BulkRow)])
    assert left == [[], []]


def test_a_list_that_nobody_confirms_is_gone_after_a_day(desk: Desk) -> None:
    desk.rule()
    (card,) = desk.sell()
    bulk, confirmed = draft(desk, "NO-SUCH-CODE"), draft(desk, card.id)
    confirm(desk, confirmed, 1)

    later = clock.now() + KEPT + timedelta(minutes=1)
    with clock.running(lambda: later):
        desk.shop.drain()

    with pytest.raises(BulkGone):
        bulk_of(desk, bulk)
    assert bulk_of(desk, confirmed).done == 1


def test_a_place_that_closes_meanwhile_refuses_the_rows_and_ends_the_list(desk: Desk) -> None:
    desk.rule()
    cards = desk.sell(2)
    opened = partial(redemption.open_location, code="A1", name="Old Town", now=clock.now(), by=STAFF)
    place = desk.shop.write(opened)
    rows = [Asked(entitlement_id=card.id) for card in cards]
    bulk = redemption.draft_bulk(desk.shop.merchant_id, Draft(replace(DOOR, location_id=place)), rows, now=clock.now())
    assert confirm(desk, bulk, 2) is None
    desk.shop.write(lambda: redemption.close_location(place, now=clock.now(), by=STAFF))

    desk.shop.drain()

    assert states(desk, bulk) == ["failed", "failed"]
    assert (bulk_of(desk, bulk).state, bulk_of(desk, bulk).failed) == (BulkState.DONE, 2)
    assert [desk.used(card) for card in cards] == [0, 0]
