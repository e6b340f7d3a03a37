"""The long work of redemption: a confirmed list is redeemed, one that nobody confirms is discarded."""

from uuid import UUID

from app.kit import clock, tasks
from app.redemption import service
from app.redemption.models import BulkState
from app.redemption.service.bulks import BULK
from app.redemption.service.drafting import DISCARD


def take_slice(bulk_id: UUID) -> tasks.Step:
    """Redeem the next rows of a list."""
    bulk = service.redeem_slice(bulk_id, now=clock.now())
    return tasks.Step(finished=bulk.state is not BulkState.RUNNING, done=bulk.done + bulk.failed, total=bulk.ready)


def stop(bulk_id: UUID, _: str) -> None:
    """Say on the list that it does not go on by itself."""
    service.stop_bulk(bulk_id)


def discard(_: UUID) -> tasks.Step:
    """Discard lists that nobody confirmed, and look again when the next one has had its time."""
    return tasks.Step(finished=True, again_at=service.discard_abandoned(now=clock.now()))


KINDS = (tasks.Kind(BULK, take_slice, stop), tasks.Kind(DISCARD, discard))
