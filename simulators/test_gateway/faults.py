"""The faults of a gateway that is not well: what goes wrong, where, how often.

Each is one word: a notice is *late*, comes *twice*, *out_of_order* or not at all (*silent*); what it or an answer
says is *short* or *forged*; the gateway is *down* (503) or *unreachable* (refuses connections), its answer is *slow*
or *lost* (the work is done, then the line is cut). Whoever pays sees nothing of it.
"""

import itertools
import json
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulators.test_gateway.notices import Notice, Posting
from simulators.test_gateway.refusals import Refused

NOTICE = frozenset({"notice"})
ANSWERS = frozenset({"query", "refund", "refund_query", "close"})
Places = Mapping[str, frozenset[str]]
# Each fault and the places where it can happen.
PLACES: Places = {
    "late": NOTICE,
    "twice": NOTICE,
    "out_of_order": NOTICE,
    "silent": NOTICE,
    "short": NOTICE | {"query", "close"},
    "forged": NOTICE | ANSWERS,
    "down": ANSWERS | {"pay"},
    "unreachable": frozenset({"door"}),
    "lost": ANSWERS,
    "slow": ANSWERS,
}
LONGEST_SECONDS = 3600


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: at the named places, so many times (None: until it is taken away)."""

    name: str
    on: frozenset[str]
    times: int | None
    seconds: float
    chance: float

    @property
    def told(self) -> dict[str, Any]:
        """Return it the way it is asked for."""
        return vars(self) | {"on": sorted(self.on)}


def read_fault(wish: object, known: Places = PLACES) -> Fault:
    """Return the fault that a JSON object asks for, or refuse; only `name` must be there."""
    usual: dict[str, Any] = {"name": "", "on": [], "times": None, "seconds": 2.0, "chance": 1.0}
    given = usual | wish if isinstance(wish, dict) else usual
    name, on = str(given["name"]), given["on"]
    places = [str(place) for place in on] if isinstance(on, list) else [str(on)]
    fits = (
        given.keys() == usual.keys()
        and name in known
        and all(place in known[name] for place in places)
        and (given["times"] is None or (isinstance(given["times"], int) and _is_number(given["times"], 1, 1_000_000)))
        and _is_number(given["seconds"], 0, LONGEST_SECONDS)
        and _is_number(given["chance"], 0, 1)
    )
    if not fits:
        raise Refused("bad_fault", _shown(wish))
    # Nobody could reach a gateway that refuses connections to make it well again, so that ends by itself.
    times = given["times"] or (1 if name == "unreachable" else None)
    return Fault(name, frozenset(places) or known[name], times, float(given["seconds"]), float(given["chance"]))


def read_flag(text: str, known: Places = PLACES) -> Fault:
    """Return the fault that `late`, `slow:seconds=3` or `lost:on=refund+close,times=1` asks for, or refuse."""
    name, _, rest = text.partition(":")
    wish: dict[str, object] = {"name": name}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        wish[key] = value.split("+") if key == "on" else _number(value)
    return read_fault(wish, known)


class Faults:
    """What goes wrong now; safe to change while the gateway works."""

    places = PLACES

    def __init__(self, *faults: Fault) -> None:
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._left: list[Fault] = list(faults)

    def set(self, faults: Sequence[Fault]) -> None:
        """Let exactly these things go wrong from now on."""
        with self._lock:
            self._turns = itertools.count()
            self._left = list(faults)

    def cause(self, name: str, **more: Any) -> None:
        """Let one more thing go wrong: `cause("lost", on="refund", times=1)`."""
        fault = read_fault({"name": name} | more, self.places)
        with self._lock:
            self._left.append(fault)

    def clear(self) -> None:
        """Be well again."""
        self.set(())

    @property
    def left(self) -> Sequence[Fault]:
        """Return what goes wrong still, each with the times that are left."""
        with self._lock:
            return tuple(self._left)

    def strike(self, name: str, place: str) -> Fault | None:
        """Return the fault that happens here and now, used up by one time, or None."""
        with self._lock:
            for position, fault in enumerate(self._left):
                if fault.name == name and place in fault.on and random.random() < fault.chance:
                    self._use(position, fault)
                    return fault
        return None

    def plan(self, notice: Notice) -> Sequence[Posting]:
        """Plan the postings of a notice with whatever goes wrong on its way."""
        if self.strike("silent", "notice"):
            return ()
        said = json.loads(notice.body)
        if (short := self.shorten("notice", said)) != said:
            notice = replace(notice, body=json.dumps(short, separators=(",", ":")).encode())
        notice = replace(notice, key=self.forge("notice", notice.key))
        copies = 2 if self.strike("twice", "notice") else 1
        return [Posting(self._delay(), notice)] * copies

    def shorten(self, place: str, said: dict[str, Any]) -> dict[str, Any]:
        """Return what is said of a payment, maybe one minor unit short."""
        if said.get("status") == "paid" and self.strike("short", place):
            return said | {"amount": said["amount"] - 1}
        return said

    def forge(self, place: str, key: str) -> str:
        """Return the key to sign with, maybe a wrong one."""
        return key[::-1] if self.strike("forged", place) else key

    def _delay(self) -> float:
        late, behind = self.strike("late", "notice"), self.strike("out_of_order", "notice")
        # Every other notice waits, so that the next one overtakes it.
        waits = behind.seconds if behind and next(self._turns) % 2 == 0 else 0
        return (late.seconds if late else 0) + waits

    def _use(self, position: int, fault: Fault) -> None:
        if fault.times == 1:
            del self._left[position]
        elif fault.times:
            self._left[position] = replace(fault, times=fault.times - 1)


def _is_number(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _shown(wish: object) -> str:
    text = json.dumps(wish, ensure_ascii=False, default=str)
    return text[:80] + "…" if len(text) > 80 else text
