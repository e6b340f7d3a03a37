"""Long work of delivery: messages of a list are sent again."""

from uuid import UUID

from app.delivery.service.resending import RESEND, resend_slice, stop_resend
from app.delivery.ways import ResendState
from app.kit import clock
from app.kit.tasks import Kind, Step


def _step(resend_id: UUID) -> Step:
    row = resend_slice(resend_id, now=clock.now())
    return Step(row.state is not ResendState.RUNNING, row.done, row.count)


def _failed(resend_id: UUID, _error: str) -> None:
    stop_resend(resend_id, now=clock.now())


KINDS = (Kind(RESEND, _step, _failed),)
