"""The watch over gifts: what nobody claims in time is its giver's again."""

from uuid import UUID

from app.gifting import service
from app.gifting.service import LAPSE
from app.kit import clock, tasks


def lapse(gift_id: UUID) -> tasks.Step:
    service.lapse(gift_id, now=clock.now())
    return tasks.Step(finished=True)


KINDS = (tasks.Kind(LAPSE, lapse),)
