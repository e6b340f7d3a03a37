"""Pure rules of redemption: the window of a voucher, and why a use is refused."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from app.kit.errors import words
from app.redemption.models import RowState

MOST_USES = 1000
MOST_DAYS = 3660
LONGEST_REFERENCE = 200
LONGEST_NAME = 120
DAY = timedelta(days=1)

# Why a use is refused, in the order in which it is looked for: the stable word of the refusal, and words for lists.
REASONS: dict[str, str] = {
    "unknown_code": words("Unknown, or not yours"),
    "was_refunded": words("The money for it went back"),
    "not_delivered": words("Not delivered yet"),
    "barred": words("Blocked by the shop"),
    "redeemed_elsewhere": words("Not redeemed by this shop"),
    "already_redeemed": words("Used before"),
    "not_valid_yet": words("Not valid yet"),
    "no_longer_valid": words("Expired"),
    "blackout_day": words("Not valid on this day"),
    "wrong_location": words("Not valid at this place"),
    "location_closed": words("This place is closed"),
    "not_by_oneself": words("Only at the counter"),
    "too_many_at_once": words("More uses than are left"),
    "duplicate": words("Twice in the list"),
}
STATES = {
    "unknown_code": RowState.UNKNOWN,
    "already_redeemed": RowState.USED,
    "no_longer_valid": RowState.EXPIRED,
    "duplicate": RowState.DUPLICATE,
}


@dataclass(frozen=True)
class Rule:
    """How entitlements of a SKU are redeemed by ourselves."""

    uses: int = 1
    valid_days: int | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    blackout: tuple[date, ...] = ()
    places: tuple[UUID, ...] = ()  # none: everywhere
    self_service: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of an entitlement that somebody wants to use."""

    ready: bool
    revoked: bool
    barred: bool
    rule: Rule | None
    uses_left: int = 0
    valid_from: datetime | None = None  # None: there is no voucher
    valid_until: datetime | None = None


@dataclass(frozen=True)
class Wish:
    """How often, when, where and by whom an entitlement is to be used."""

    count: int
    now: datetime
    today: date
    location_id: UUID | None
    by_oneself: bool


def window(rule: Rule, ready_at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    """Return from when and until before when an entitlement is good that was delivered at `ready_at`; in whole days.

    The day of delivery counts from its beginning, so that two clocks that differ a little refuse nobody.
    """
    day = ready_at.astimezone(zone).date()
    first = max(day, rule.valid_from or day)
    ends = [] if rule.valid_until is None else [rule.valid_until]
    if rule.valid_days is not None:
        ends.append(day + timedelta(days=rule.valid_days))
    return start_of(first, zone), start_of(min(ends) + DAY, zone) if ends else None


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment a day of the shop begins."""
    return datetime.combine(day, time(), zone)


def why_not(facts: Facts, wish: Wish) -> str:
    """Return the word for the first thing that speaks against a use (REASONS), or ""."""
    if facts.revoked:
        return "was_refunded"
    if not facts.ready:
        return "not_delivered"
    if facts.barred:
        return "barred"
    if facts.valid_from is None:
        return "redeemed_elsewhere"
    if facts.uses_left < wish.count:
        return "too_many_at_once" if facts.uses_left else "already_redeemed"
    return _when_not(facts, wish) or _where_not(facts.rule, wish)


def _when_not(facts: Facts, wish: Wish) -> str:
    if facts.valid_from and wish.now < facts.valid_from:
        return "not_valid_yet"
    return "no_longer_valid" if facts.valid_until and wish.now >= facts.valid_until else ""


def _where_not(rule: Rule | None, wish: Wish) -> str:
    """Return what the rule of today says against it; where a rule was dropped, its vouchers are good everywhere."""
    if rule is None:
        return "not_by_oneself" if wish.by_oneself else ""
    if wish.today in rule.blackout:
        return "blackout_day"
    if rule.places and wish.location_id not in rule.places:
        return "wrong_location"
    return "not_by_oneself" if wish.by_oneself and not rule.self_service else ""


def state_of(reason: str) -> RowState:
    """Return the state of a row of a bulk that is refused for a reason, or ready without one."""
    return STATES.get(reason, RowState.REFUSED) if reason else RowState.READY


def idem_of(principal: str, key: str) -> bytes:
    """Return the mark under which one act of one principal is stored; a key may be as long as it likes."""
    return hashlib.sha256(f"{principal}\0{key}".encode()).digest()


class Of(Protocol):
    """Something about an entitlement."""

    @property
    def entitlement_id(self) -> UUID: ...


T = TypeVar("T", bound=Of)


def rounds(wanted: Sequence[T]) -> Iterator[list[T]]:
    """Yield what is wanted in rounds in which no entitlement comes twice, so that one statement does a round."""
    left = list(wanted)
    while left:
        seen: set[UUID] = set()
        later: list[T] = []
        turn: list[T] = []
        for one in left:
            (later if one.entitlement_id in seen else turn).append(one)
            seen.add(one.entitlement_id)
        yield turn
        left = later


def fault_of(rule: Rule, open_places: Collection[UUID]) -> str:
    """Return which field of a rule makes no sense, or ""."""
    if not 1 <= rule.uses <= MOST_USES:
        return "uses"
    if rule.valid_days is not None and not 0 <= rule.valid_days <= MOST_DAYS:
        return "valid_days"
    if rule.valid_from and rule.valid_until and rule.valid_until < rule.valid_from:
        return "valid_until"
    return "" if set(rule.places) <= set(open_places) else "places"


def days(texts: Iterable[str]) -> tuple[date, ...]:
    """Return the days that texts such as 2026-12-31 name, in order."""
    return tuple(sorted(date.fromisoformat(text) for text in texts))
