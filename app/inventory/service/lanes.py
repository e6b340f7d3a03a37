"""Lanes: shares of a SKU's pool, which channel sells from which, and codes that are moved between them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select, update

from app.inventory.allocation import CODE, FREE, STILL_FREE
from app.inventory.errors import BadLaneName, BadMove, BadSteering, LaneInUse, NoLane, SameLane, TooManyLanes
from app.inventory.events import CodesShifted, LaneDropped, LaneSet, WalksSet
from app.inventory.models import Batch, Code, Lane, LaneWalk, Status
from app.inventory.queries import DAILY, OF_SKU
from app.inventory.walks import CHANNELS, MAIN, forget_walks
from app.kit import db, tasks
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM, By, publish

MOST_LANES = 8
MOST_MOVED = 10_000  # at once; who wants more asks again
LONGEST_NAME = 40
LONGEST_STEERING = 3650
SLICE = 2000
KEPT = (Status.FREE, Status.HELD, Status.QUARANTINED)  # what may be sold from its lane, now or later


def set_lane(
    sku_id: UUID, *, name: str, steer_days: int | None, now: datetime, by: By, number: int | None = None
) -> Lane:
    """Make a lane of a SKU, or change the one with this number; refuses with Invalid a name it has already."""
    name, known = " ".join(name.split()), _lanes(sku_id)
    _check(name, steer_days, [lane for lane in known if lane.number != number])
    if number is None:
        if len(known) >= MOST_LANES:
            raise TooManyLanes(MOST_LANES)
        number = max((lane.number for lane in known), default=0) + 1
        lane = Lane(sku_id=sku_id, number=number, name=name, steer_days=steer_days)
        db.session().add(lane)
    else:
        lane = _get(known, number)
        lane.name, lane.steer_days = name, steer_days
    db.session().flush()
    publish(LaneSet(subject_id=sku_id, number=number, lane=name, steer_days=steer_days, at=now, by=by))
    if steer_days:
        tasks.wake(DAILY, now)
    return lane


def drop_lane(sku_id: UUID, number: int, *, now: datetime, by: By) -> None:
    """Take away a lane; refuses with LaneInUse while codes lie in it that may yet be sold."""
    lane = _get(_lanes(sku_id), number)
    mine = [CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, CODE.lane == number]
    db.changed(update(Batch).where(Batch.sku_id == sku_id, Batch.lane == number).values(lane=0))
    kept = select(CODE.id).where(OF_SKU, *mine, CODE.status.in_(KEPT)).limit(1)
    if db.session().scalar(kept) is not None:
        raise LaneInUse(lane.name)
    db.session().execute(delete(LaneWalk).where(LaneWalk.sku_id == sku_id, LaneWalk.lane == number))
    db.session().delete(lane)
    forget_walks()
    publish(LaneDropped(subject_id=sku_id, number=number, lane=lane.name, at=now, by=by))


def set_walks(sku_id: UUID, walks: Mapping[str, Sequence[int]], *, now: datetime, by: By) -> None:
    """Say from which lanes each channel sells a SKU, and in which order; refuses with Invalid a channel without any."""
    known = {0, *(lane.number for lane in _lanes(sku_id))}
    chosen = {channel: tuple(dict.fromkeys(walks.get(channel, ()))) for channel in CHANNELS}
    if faults := {channel: NoLane() for channel, lanes in chosen.items() if not lanes or not known.issuperset(lanes)}:
        raise Invalid(faults)
    db.session().execute(delete(LaneWalk).where(LaneWalk.sku_id == sku_id))
    places = {"merchant_id": db.merchant_id(), "sku_id": sku_id}
    rows = [
        places | {"channel": channel, "position": position, "lane": lane}
        for channel, lanes in chosen.items()
        for position, lane in enumerate(lanes)
        if set(chosen.values()) != {MAIN}  # which is what a SKU without walks does anyway
    ]
    if rows:
        db.session().execute(insert(LaneWalk.__table__), rows)  # type: ignore[arg-type]
    forget_walks()
    publish(WalksSet(subject_id=sku_id, skus=(sku_id,), walks=chosen, at=now, by=by))


def move_codes(sku_id: UUID, *, source: int, target: int, count: int, now: datetime, by: By) -> int:
    """Move free codes, the first to be sold first, from one lane to another, and return how many there were to move."""
    known = {0, *(lane.number for lane in _lanes(sku_id))}
    if not known.issuperset((source, target)):
        raise NotFound
    if source == target:
        raise Invalid({"target": SameLane()})
    if not 0 < count <= MOST_MOVED:
        raise Invalid({"count": BadMove(MOST_MOVED)})
    return _shift(sku_id, target, [CODE.lane == source], count, now, by)


def _shift(sku_id: UUID, target: int, which: Sequence[ColumnElement[bool]], most: int, now: datetime, by: By) -> int:
    """Move free codes into a lane; what somebody takes meanwhile stays where it is."""
    mine = [CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, *which]
    query = (
        select(CODE.id).where(FREE, *mine).order_by(CODE.lane, CODE.pick).limit(most).with_for_update(skip_locked=True)
    )
    ids = db.session().scalars(query).all()
    moved = 0
    for at in range(0, len(ids), SLICE):
        still = (CODE.merchant_id == db.merchant_id(), CODE.id.in_(ids[at : at + SLICE]), STILL_FREE)
        moved += db.changed(update(Code.__table__).where(*still).values(lane=target))  # type: ignore[arg-type]
    if moved:
        publish(CodesShifted(subject_id=sku_id, skus=(sku_id,), lane=target, count=moved, at=now, by=by))
    return moved


def steer_some(*, now: datetime, today: date) -> int:
    """Move some codes that expire soon into the lanes that ask for them, and return how many; 0 when all lie there."""
    steering = (Lane.steer_days.is_not(None), Lane.steer_days > 0)
    lanes = db.session().scalars(select(Lane).where(*steering).order_by(Lane.sku_id, Lane.steer_days)).all()
    before: tuple[UUID | None, date] = (None, today)
    for lane in lanes:
        first = before[1] if before[0] == lane.sku_id else today  # a code lies in the lane with the fewest days it fits
        last = today + timedelta(days=lane.steer_days or 0)
        soon = [CODE.lane != lane.number, CODE.expires_on >= first, CODE.expires_on <= last]
        if moved := _shift(lane.sku_id, lane.number, soon, SLICE, now, SYSTEM):
            return moved
        before = (lane.sku_id, last + timedelta(days=1))
    return 0


def _lanes(sku_id: UUID) -> Sequence[Lane]:
    """Return the lanes of a SKU, and let nobody else change them meanwhile."""
    query = select(Lane).where(Lane.sku_id == sku_id).order_by(Lane.number).with_for_update()
    return db.session().scalars(query).all()


def _get(known: Sequence[Lane], number: int) -> Lane:
    for lane in known:
        if lane.number == number:
            return lane
    raise NotFound


def _check(name: str, steer_days: int | None, others: Sequence[Lane]) -> None:
    faults: dict[str, Any] = {}
    if not name or len(name) > LONGEST_NAME or name in {lane.name for lane in others}:
        faults["name"] = BadLaneName(LONGEST_NAME)
    if steer_days is not None and not 0 < steer_days <= LONGEST_STEERING:
        faults["steer_days"] = BadSteering(LONGEST_STEERING)
    if faults:
        raise Invalid(faults)
