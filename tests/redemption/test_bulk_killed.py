"""A process that drafts or redeems a list is killed at each commit: no row is used twice, and none is lost."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.kit import clock, db
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.models import Bulk, BulkRow, BulkState, Channel
from app.redemption.service import Asked, Draft, Via, bulks, drafting
from tests.inventory.test_killed import FAR, drain, later, run_until
from tests.kit.depth import DEPTH
from tests.redemption.goods import STAFF, Desk

ROWS = 12
FEWEST = 12
DOOR = Via(Channel.ENTERPRISE, STAFF)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small slices, so that a short list takes many units."""
    monkeypatch.setattr(bulks, "SLICE", 4)
    monkeypatch.setattr(drafting, "AT_ONCE", 6)


@pytest.mark.usefixtures("small")
def test_killed_at_any_commit_a_list_ends_with_every_row_once_or_was_never_confirmed(desk: Desk) -> None:
    desk.rule()

    ends = list(kill_everywhere(desk))

    assert len(ends) >= FEWEST
    assert set(ends) == {"complete", "never confirmed"}
    assert ends == sorted(ends, reverse=True)  # from the commit on that confirms it, it is never lost


def kill_everywhere(desk: Desk) -> Iterator[str]:
    """Kill a bulk at its first failpoint, the next one at its second, and so on, and yield how each ended."""
    for point in range(1, FAR):
        owned = [each.id for each in desk.sell(ROWS)]
        desk.shop.drain()

        def work(owned: list[UUID] = owned) -> None:
            rows = [Asked(entitlement_id=number) for number in owned]
            bulk = redemption.draft_bulk(desk.shop.merchant_id, Draft(DOOR), rows, now=clock.now())
            desk.shop.write(lambda: redemption.confirm_bulk(bulk, count=ROWS, now=clock.now(), by=STAFF))
            drain()

        if run_until(point, work):
            return
        if point % 3 == 0 or DEPTH > 1:
            run_until(1 + point % 7, later(2, drain))
        later(30, drain)()
        yield ending(desk, owned)


def ending(desk: Desk, owned: list[UUID]) -> str:
    """Return what has become of a list, and check that it is whole."""
    uses = desk.shop.read(lambda: [len(queries.history(number)) for number in owned])
    latest = desk.shop.read(lambda: db.session().scalar(select(Bulk).order_by(Bulk.id.desc()).limit(1)))
    if latest is None or not any(uses):
        assert set(uses) == {0}
        assert not desk.shop.read(count_unfinished)
        return "never confirmed"
    assert set(uses) == {1}
    assert (latest.state, latest.done, latest.failed) == (BulkState.DONE, ROWS, 0)
    counts = desk.shop.read(lambda: queries.count_rows(latest.id))
    assert counts["done"] == ROWS == sum(counts.values())
    return "complete"


def count_unfinished() -> int:
    lost = select(func.count()).select_from(BulkRow).join(Bulk, (Bulk.id == BulkRow.bulk_id))
    return db.session().scalar(lost.where(Bulk.state != BulkState.DONE)) or 0
