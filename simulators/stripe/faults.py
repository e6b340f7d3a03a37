"""The faults of a Stripe that is not well: what goes wrong, where, how often.

Events come *late*, *twice*, *out_of_order*, not at all (*silent*), with a *forged* signature, a *stale* or an *early*
time, or saying what is not so (*wrong_amount*, *wrong_currency*, *wrong_mode*, *wrong_account*). The API is *down*
(503, nothing done), *broken* (500 after it was done, and so repeated under the same key), *slow*, *throttled* (429),
*forbidden* (403); the line is *cut* before anything is done, or the answer *lost* after it was. A refund is *pending*,
*failing*, or the balance is too *poor* for it.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

NOTICE = frozenset({"event"})
API = frozenset({"account", "start", "session", "expire", "refund", "refunds", "lists"})
REFUND = frozenset({"refund"})
PLACES = (
    dict.fromkeys("late twice out_of_order silent forged stale early".split(), NOTICE)
    | dict.fromkeys("wrong_amount wrong_currency wrong_mode wrong_account".split(), NOTICE)
    | dict.fromkeys("down broken slow throttled forbidden cut lost".split(), API)
    | dict.fromkeys("pending failing poor".split(), REFUND)
)


class BadFault(ValueError):
    """No fault is called so, or it cannot happen there."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong at the named places, so many times (None: until it is taken away)."""

    name: str
    on: frozenset[str]
    times: int | None = None
    seconds: float = 2.0
    chance: float = 1.0

    @property
    def told(self) -> dict[str, Any]:
        return vars(self) | {"on": sorted(self.on)}


def read_fault(wish: object) -> Fault:
    """Return the fault that a JSON object asks for; only `name` must be there."""
    given: dict[str, Any] = dict(wish) if isinstance(wish, dict) else {}
    name = str(given.pop("name", ""))
    on = given.pop("on", [])
    places = frozenset([on] if isinstance(on, str) else map(str, on)) or PLACES.get(name, frozenset())
    numbers = all(type(value) in (int, float) and 0 <= value <= 3600 for value in given.values())
    if not places or not places <= PLACES.get(name, frozenset()) or not numbers:
        raise BadFault(f"no such fault; there are: {', '.join(PLACES)}")
    try:
        return Fault(name, places, **given)
    except TypeError as error:
        raise BadFault("a fault has name, on, times, seconds, chance") from error


def read_flag(text: str) -> Fault:
    """Return the fault that `late`, `slow:seconds=3` or `lost:on=refund+expire,times=1` asks for."""
    name, _, rest = text.partition(":")
    wish: dict[str, object] = {"name": name}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        try:
            wish[key] = value.split("+") if key == "on" else int(value) if value.isdigit() else float(value)
        except ValueError as error:
            raise BadFault(f"{value!r} is no number") from error
    return read_fault(wish)


class Faults:
    """What goes wrong now; safe to change while the gateway works."""

    def __init__(self, *faults: Fault) -> None:
        self._lock = threading.Lock()
        self._left = list(faults)

    def set(self, faults: Sequence[Fault]) -> None:
        """Let exactly these things go wrong from now on."""
        with self._lock:
            self._left = list(faults)

    def cause(self, name: str, **more: Any) -> None:
        """Let one more thing go wrong: `cause("lost", on="refund", times=1)`."""
        fault = read_fault({"name": name} | more)
        with self._lock:
            self._left.append(fault)

    def clear(self) -> None:
        """Be well again."""
        self.set(())

    @property
    def left(self) -> Sequence[Fault]:
        with self._lock:
            return tuple(self._left)

    def strike(self, name: str, place: str = "event") -> Fault | None:
        """Return the fault that happens here and now, used up by one time, or None."""
        with self._lock:
            for position, fault in enumerate(self._left):
                if fault.name == name and place in fault.on and random.random() < fault.chance:
                    self._use(position, fault)
                    return fault
        return None

    def _use(self, position: int, fault: Fault) -> None:
        if fault.times == 1:
            del self._left[position]
        elif fault.times:
            self._left[position] = replace(fault, times=fault.times - 1)
