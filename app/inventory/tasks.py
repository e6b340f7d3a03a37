"""The long work of inventory: importing a received file, discarding uploads that were cut off, putting codes in a new
order, and what the turn of a day brings."""

from datetime import timedelta
from uuid import UUID

from app.inventory import queries, service
from app.inventory.models import BatchState
from app.inventory.queries import (
    ALERTS,
    CHANGE,
    CHECK,
    CLEAR,
    DAILY,
    DECIDE,
    DISCARD,
    GENERATE,
    IMPORT,
    MOVE,
    REPICK,
    UPLOAD_TIME,
    ChangeState,
)
from app.inventory.service.picking import HOLD_TIME
from app.inventory.service.watching import next_day
from app.kit import clock, tasks

BUSY = timedelta(seconds=1)  # while others hold locks on the last codes


def take_slice(batch_id: UUID) -> tasks.Step:
    """Import the next lines of a batch."""
    batch = service.import_slice(batch_id, now=clock.now())
    total = queries.progress_of(batch).total
    return tasks.Step(finished=batch.state is not BatchState.IMPORTING, done=batch.lines, total=total)


def stop(batch_id: UUID, _: str) -> None:
    """Say on the batch that it does not go on by itself."""
    service.stop_import(batch_id)


def check_slice(batch_id: UUID) -> tasks.Step:
    """Count the rows of the next chunk of a staged file."""
    plan = service.check_slice(batch_id)
    check = plan.check
    running = check is not None and check.state == "running"
    return tasks.Step(finished=not running, done=check.lines if check else 0, total=plan.lines)


def stop_check(batch_id: UUID, _: str) -> None:
    """Say on a staged file that its dry run does not go on by itself."""
    service.stop_check(batch_id)


def discard(_: UUID) -> tasks.Step:
    """Discard uploads whose process died and files that nobody decided about, and look again in time for the next."""
    now = clock.now()
    next_upload = service.discard_abandoned(before=now - UPLOAD_TIME)
    next_staged = service.discard_undecided(before=now - DECIDE)
    due = [at + time for at, time in ((next_upload, UPLOAD_TIME), (next_staged, DECIDE)) if at]
    return tasks.Step(finished=True, again_at=min(due, default=None))


def repick(sku_id: UUID) -> tasks.Step:
    """Put some codes of a SKU in their new order; what is held meanwhile is looked at when holds are over."""
    task, now = tasks.find(REPICK, sku_id), clock.now()
    done, total = (task.done, task.total) if task else (0, 0)
    step = service.repick_some(sku_id)
    done += step.moved
    if step.moved:
        return tasks.Step(finished=False, done=done, total=max(total, done))
    again = BUSY if step.are_free_left else HOLD_TIME if step.are_held_left else None
    return tasks.Step(finished=True, done=done, total=done, again_at=now + again if again else None)


def turn_day(_: UUID) -> tasks.Step:
    """Steer what expires soon, count anew what is left to sell, and have the staff told; then once a day."""
    now = clock.now()
    day = next_day(now) - timedelta(days=1)
    if moved := service.steer_some(now=now, today=day.date()):
        return tasks.Step(finished=False, done=moved)
    service.recount_all(now=now)
    tasks.wake(ALERTS, now)
    return tasks.Step(finished=True, again_at=next_day(now))


def clear(_: UUID) -> tasks.Step:
    """Move codes that expire soon to the variants that sell them; then once a day, sooner where somebody has some."""
    now = clock.now()
    day = next_day(now)
    step = service.clear_some(now=now, today=(day - timedelta(days=1)).date())
    if step.moved:
        return tasks.Step(finished=False, done=step.moved)
    again = BUSY if step.are_free_left else HOLD_TIME if step.are_held_left else None
    return tasks.Step(finished=True, again_at=min(now + again, day) if again else day if step.are_rules else None)


def change_slice(change_id: UUID) -> tasks.Step:
    """Change the next codes of a list that was confirmed."""
    row = service.change_slice(change_id, now=clock.now(), finish=service.finish_change)
    return tasks.Step(finished=row.state is not ChangeState.RUNNING, done=row.done, total=row.count)


def stop_change(change_id: UUID, _: str) -> None:
    """Say of a change that it does not go on."""
    service.stop_change(change_id, now=clock.now())


def make_some(batch_id: UUID) -> tasks.Step:
    """Make the next codes of a batch."""
    task = tasks.find(GENERATE, batch_id)
    total = task.total if task else 0
    batch = service.generate_slice(batch_id, total, now=clock.now())
    return tasks.Step(finished=batch.state is not BatchState.IMPORTING, done=batch.imported, total=total)


def end_making(batch_id: UUID, _: str) -> None:
    """Let the batch stand with what was made."""
    service.finish_generating(batch_id, now=clock.now())


def move_some(event_id: UUID) -> tasks.Step:
    """Move the next codes."""
    task, moved = tasks.find(MOVE, event_id), service.move_slice(event_id, now=clock.now())
    done, total = (task.done + moved, task.total) if task else (moved, moved)
    return tasks.Step(finished=not moved or done >= total, done=done, total=total)


KINDS = (
    tasks.Kind(IMPORT, take_slice, stop),
    tasks.Kind(DISCARD, discard),
    tasks.Kind(REPICK, repick),
    tasks.Kind(DAILY, turn_day),
    tasks.Kind(CLEAR, clear),
    tasks.Kind(CHANGE, change_slice, stop_change),
    tasks.Kind(GENERATE, make_some, end_making),
    tasks.Kind(MOVE, move_some),
    tasks.Kind(CHECK, check_slice, stop_check),
)
