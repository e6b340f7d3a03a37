"""Uses that are asked for at the same moment are taken together, in one unit; each has an answer of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kit import clock, db
from app.kit.errors import Refusal
from app.kit.gather import Gather
from app.redemption import queries, service
from app.redemption.errors import UnknownCode
from app.redemption.queries import Typed
from app.redemption.service import Redeemed, Use, Via


@dataclass(frozen=True)
class Scan:
    """A code that was typed at a door, and how often it is to be used; the same key is the same scan."""

    typed: Typed
    via: Via
    key: str
    count: int


@dataclass(frozen=True)
class Scanned:
    """What a code is and what became of its use: made, or refused."""

    entitlement_id: UUID | None
    made: Redeemed | None
    refusal: Refusal | None


def scan_all(merchant_id: int, scans: Sequence[Scan]) -> Sequence[Scanned | Exception]:
    """Use what was scanned; where one cannot be tried at all, each is tried alone."""
    try:
        return db.write(merchant_id, lambda: _scan(scans))
    except Exception as error:
        if len(scans) == 1:
            return [error]
    return [scan_all(merchant_id, [one])[0] for one in scans]


def _scan(scans: Sequence[Scan]) -> list[Scanned]:
    numbers = queries.find_typed([one.typed for one in scans])
    asked = [(Use(number, one.key, one.count), one.via) for number, one in zip(numbers, scans, strict=True) if number]
    outcomes = iter(service.redeem_all(asked, now=clock.now()))
    return [_scanned(number, next(outcomes)) if number else Scanned(None, None, UnknownCode()) for number in numbers]


def _scanned(number: UUID, outcome: service.Outcome) -> Scanned:
    return Scanned(number, outcome.redeemed, outcome.refusal)


together: Gather[int, Scan, Scanned] = Gather(scan_all, most=8)
