"""Sending again all messages of a list that failed or of which nobody knows: confirmed with its count, done by a task.

A slice asks for its messages and moves its position in one unit, so one that is killed goes on where it stopped.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.delivery.errors import MoreStuckNow, NothingStuck
from app.delivery.events import ResendAsked, ResendEnded
from app.delivery.models import Delivery
from app.delivery.queries import count_stuck_among, stuck_among
from app.delivery.service.telling import send_again
from app.delivery.ways import Resend, ResendState
from app.kit import db, tasks
from app.kit.events import By, publish
from app.kit.ids import new_id

RESEND = "delivery.resend"
SLICE = 100


def resend(filters: Mapping[str, str], *, count: int, now: datetime, by: By) -> UUID:
    """Have the messages of a list sent again, when there are at most `count` of them, and return the task that does it.

    Refuses with NothingStuck, and with MoreStuckNow when the list has grown since it was looked at.
    """
    found = count_stuck_among(filters)
    if not found:
        raise NothingStuck
    if found > count:
        raise MoreStuckNow(found, count)
    row = Resend(
        id=new_id(),
        state=ResendState.RUNNING,
        filters={name: said for name, said in filters.items() if said},
        count=found,
        done=0,
        after=None,
        asked_at=now,
        actor_type=by.type,
        actor_id=by.id,
        finished_at=None,
    )
    db.session().add(row)
    publish(ResendAsked(subject_id=row.id, count=found, at=now, by=by))
    return tasks.start(RESEND, row.id, due_at=now, total=found)


def resend_slice(resend_id: UUID, *, now: datetime) -> Resend:
    """Send the next messages of a confirmed list again, or end it."""
    row = _locked(resend_id)
    if row.state is not ResendState.RUNNING:
        return row
    query = stuck_among(row.filters).where(Delivery.created_at <= row.asked_at)
    if row.after is not None:
        query = query.where(Delivery.id > row.after)
    some = list(db.session().scalars(query.order_by(Delivery.id).limit(SLICE).with_for_update()))
    for message in some:
        send_again(message.id, now=now, by=By(row.actor_type, row.actor_id))
    row.done += len(some)
    row.after = some[-1].id if some else row.after
    if len(some) < SLICE:
        _end(row, ResendState.DONE, now)
    return row


def cancel_resend(resend_id: UUID, *, now: datetime) -> None:
    """End what is under way; what was asked for is sent."""
    row = _locked(resend_id)
    if row.state is not ResendState.RUNNING:
        return
    _end(row, ResendState.CANCELLED, now)
    task = tasks.find(RESEND, resend_id)
    if task is not None:
        tasks.cancel(task.id)


def stop_resend(resend_id: UUID, *, now: datetime) -> None:
    """Say that it could not go on; what was asked for is sent."""
    row = _locked(resend_id)
    if row.state is ResendState.RUNNING:
        _end(row, ResendState.FAILED, now)


def _locked(resend_id: UUID) -> Resend:
    query = select(Resend).where(Resend.id == resend_id).with_for_update()
    return db.session().scalars(query.execution_options(populate_existing=True)).one()


def _end(row: Resend, state: ResendState, now: datetime) -> None:
    row.state, row.finished_at = state, now
    by = By(row.actor_type, row.actor_id)
    publish(ResendEnded(subject_id=row.id, state=state.name.lower(), done=row.done, at=now, by=by))
