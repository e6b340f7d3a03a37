"""Pure rules of helping: which steps fit a problem, from how the code really stands."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from app.support.models import Problem

MOST_WORDS, LONGEST_STEPS = 500, 1000


@dataclass(frozen=True)
class Condition:
    """How a piece of an order stands: what of it is known without opening anything."""

    is_ready: bool
    is_revoked: bool
    in_review: bool
    is_frozen: bool
    reveals: int
    strangers: int  # looks from another browser than the one that asks
    last_look_at: datetime | None
    expired_on: date | None  # the last day, when that is over
    used_at: datetime | None
    verdict: str  # why we ourselves would not redeem it just now, as redemption names it; "" when we would or never do
    is_ours: bool  # redeemed by the shop itself
    has_site: bool  # there is an address where it is redeemed
    is_mailed: bool  # its contact is an e-mail address
    returns_at: datetime | None  # when its money goes back by itself, for want of it

    @property
    def is_seen(self) -> bool:
        return self.reveals > 0

    def plain(self) -> dict[str, str]:
        """Return what of it the shop is told, as plain text."""
        return {name: str(value) for name, value in vars(self).items() if value not in (None, False, "", 0)}


def fixes(problem: Problem, condition: Condition) -> tuple[str, ...]:
    """Return what to tell a buyer, by name and in order: first what is surely so, then what to try."""
    return tuple(dict.fromkeys(STEPS[problem](condition)))


def _invalid(condition: Condition) -> Iterator[str]:
    yield from _surely(condition)
    if not condition.is_seen:
        yield "hidden"
    yield from ("copy", "letters")
    yield "here" if condition.is_ours else "site" if condition.has_site else "place"


def _used(condition: Condition) -> Iterator[str]:
    yield from _surely(condition)
    if not condition.is_seen:
        yield "never_opened"
    elif condition.strangers:
        yield "strangers"
    else:
        yield "only_you"
    if not condition.used_at:
        yield "own_account"


def _place(condition: Condition) -> Iterator[str]:
    yield from _surely(condition)
    yield from ("region", "account")
    yield "keep_hidden" if not condition.is_seen else "not_taken_back"


def _absent(condition: Condition) -> Iterator[str]:
    if condition.is_revoked:
        yield "refunded"
    elif condition.is_ready:
        yield from (*_surely(condition), "arrived")
        yield "mailed" if condition.is_mailed else "no_mail"
    else:
        yield "review" if condition.in_review else "waits"
        if condition.returns_at:
            yield "returns"


def _wrong(condition: Condition) -> Iterator[str]:
    yield from _surely(condition)
    yield "keep_hidden" if not condition.is_seen else "not_taken_back"


def _surely(condition: Condition) -> Iterator[str]:
    """Yield what speaks for itself, whatever somebody believes to be wrong."""
    if condition.is_revoked:
        yield "refunded"
    elif condition.is_frozen:
        yield "frozen"
    elif condition.used_at:
        yield "used"
    elif condition.expired_on:
        yield "expired"
    elif not condition.is_ready:
        yield "waits"


STEPS: Mapping[Problem, Callable[[Condition], Iterator[str]]] = {
    Problem.INVALID: _invalid,
    Problem.USED: _used,
    Problem.PLACE: _place,
    Problem.ABSENT: _absent,
    Problem.WRONG: _wrong,
}
