"""Pure rules of the way to somebody: which channel is asked first, what waits at night, how quick it was."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from math import ceil, log2
from zoneinfo import ZoneInfo

from app.delivery.models import About, Channel

# As the house does it: who has a user ID in a chat of their work reads that first; mail reaches nearly everybody.
CHANNELS = (Channel.WECOM, Channel.DINGTALK, Channel.EMAIL, Channel.SMS, Channel.WECHAT, Channel.MINI)
PRIVATE = frozenset({Channel.EMAIL, Channel.WECHAT, Channel.MINI, Channel.WECOM, Channel.DINGTALK})  # take a link
SILENT_BY_NATURE = frozenset({Channel.EMAIL, Channel.INBOX})  # wake nobody, so no quiet hours hold them up
SWITCHED = (About.READY, About.QUEUED, About.REFUNDED)  # what a shop may leave untold; who asks for a code gets it
OPTIONAL = frozenset({About.QUEUED})  # news that a buyer can do without: nothing has to be done, and the page says it
DAY = 24 * 60
STEPS = 4  # of a pace for each doubling of the time: a percentile is right within a fifth


@dataclass(frozen=True)
class Plan:
    """How a shop tells its buyers."""

    channels: tuple[Channel, ...] = CHANNELS  # the first one that reaches a buyer is taken
    off: frozenset[Channel] = frozenset()
    quiet_from: int = 0  # minutes after midnight in the shop's zone; both alike: never
    quiet_to: int = 0
    waiting: frozenset[About] = frozenset({About.QUEUED, About.REFUNDED})
    silent: frozenset[About] = frozenset()

    def all(self) -> list[Channel]:
        """Return all channels, first to last; one that is new to this plan comes last."""
        known = [channel for channel in self.channels if channel in CHANNELS]
        return list(dict.fromkeys((*known, *CHANNELS)))

    def order(self) -> list[Channel]:
        """Return the channels that are used, first to last."""
        return [each for each in self.all() if each not in self.off]

    def moved(self, channel: Channel, *, up: bool) -> "Plan":
        """Return the plan with a channel one place further up or down; at an end it stays."""
        found = self.all()
        here = found.index(channel)
        there = min(max(here + (-1 if up else 1), 0), len(found) - 1)
        found.insert(there, found.pop(here))
        return replace(self, channels=tuple(found))


def usable(
    plan: Plan, reached: Iterable[Channel], *, about: About, asked: bool, out: Mapping[Channel, bool]
) -> list[Channel]:
    """Return by which of the channels that reach a buyer they are told, first to last.

    `out` says by which they want nothing any more (True), or only what they need (False); what they ask for themselves
    comes all the same.
    """
    if about in plan.silent and not asked:
        return []
    unwanted = () if asked else [channel for channel in out if _is_unwanted(channel, about, out)]
    return ways_to(plan, reached, out=unwanted)


def ways_to(
    plan: Plan, reached: Iterable[Channel], *, first: Channel | None = None, out: Collection[Channel] = ()
) -> list[Channel]:
    """Return by which of the channels that reach somebody they are told: by what they chose, then in the shop's order.

    By none of `out`, by which they want nothing.
    """
    mine = set(reached) - set(out)
    return sorted((channel for channel in plan.order() if channel in mine), key=lambda channel: channel is not first)


def _is_unwanted(channel: Channel, about: About, out: Mapping[Channel, bool]) -> bool:
    return out[channel] or about in OPTIONAL


def quiet_until(plan: Plan, channel: Channel, about: About, *, asked: bool, at: datetime, zone: str) -> datetime | None:
    """Return until when a message waits, since people sleep; None when it may go."""
    return None if asked or about not in plan.waiting else night_until(plan, channel, at=at, zone=zone)


def night_until(plan: Plan, channel: Channel, *, at: datetime, zone: str) -> datetime | None:
    """Return until when nobody is woken by a channel; None when it is no night, or the channel wakes nobody."""
    if channel in SILENT_BY_NATURE or plan.quiet_from == plan.quiet_to:
        return None
    local = at.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    into_morning = plan.quiet_from > plan.quiet_to
    late, early = minute >= plan.quiet_from, minute < plan.quiet_to
    if not (late or early if into_morning else late and early):
        return None
    day = local.date() + timedelta(days=int(into_morning and late))
    until = datetime.combine(day, time(*divmod(plan.quiet_to, 60)), ZoneInfo(zone)).astimezone(at.tzinfo)
    return until if until > at else None


def pace(taken: timedelta) -> int:
    """Return how long something took as one of few steps, which can be counted."""
    return ceil(STEPS * log2(max(taken / timedelta(milliseconds=1), 1.0)))


def percentile(paces: Mapping[int, int], share: float) -> timedelta | None:
    """Return the time within which this share of what was counted by pace was done; None when nothing was."""
    left = ceil(sum(paces.values()) * share)
    for step in sorted(paces):
        left -= paces[step]
        if left <= 0:
            return timedelta(milliseconds=2.0 ** (step / STEPS))
    return None
