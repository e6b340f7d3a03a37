"""The long work of inventory: importing a received file, and discarding uploads that were cut off."""

from uuid import UUID

from app.inventory import queries, service
from app.inventory.models import BatchState
from app.inventory.queries import DISCARD, IMPORT, UPLOAD_TIME
from app.kit import clock, tasks


def take_slice(batch_id: UUID) -> tasks.Step:
    """Import the next lines of a batch."""
    batch = service.import_slice(batch_id, now=clock.now())
    total = queries.progress_of(batch).total
    return tasks.Step(finished=batch.state is not BatchState.IMPORTING, done=batch.lines, total=total)


def stop(batch_id: UUID, _: str) -> None:
    """Say on the batch that it does not go on by itself."""
    service.stop_import(batch_id)


def discard(_: UUID) -> tasks.Step:
    """Discard uploads whose process died, and look again when the next one has had its time."""
    next_one = service.discard_abandoned(before=clock.now() - UPLOAD_TIME)
    return tasks.Step(finished=True, again_at=next_one + UPLOAD_TIME if next_one else None)


KINDS = (tasks.Kind(IMPORT, take_slice, stop), tasks.Kind(DISCARD, discard))
