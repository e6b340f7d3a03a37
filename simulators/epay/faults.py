"""What goes wrong at the site, and the habits of its fork; all of it can be changed while it runs."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

NOTICE = {"late", "twice", "silent", "wrong_pid", "wrong_money", "wrong_status", "wrong_sign", "old"}
ANSWER = {
    "down",
    "lost_before",
    "lost_after",
    "slow",
    "unpaid",
    "wrong_answer_sign",
    "old_answer",
    "wrong_answer_money",
}
HABITS = {
    "post",  # notices come by POST
    "upper",  # signatures in capitals
    "string_code",  # "1" for 1
    "double_json",  # a JSON string that holds JSON
    "html",  # a warning of PHP before the JSON
    "bom",
    "empty_param",  # notices hold an empty param
    "signs_empties",  # and it is signed
    "renames",  # the goods get another name
    "no_refunds",
    "slow_refunds",  # of the second version: accepted, not finished
    "no_close",
    "jump",  # no QR code, another page instead
}
LONGEST_SECONDS = 3600.0


class BadFault(Exception):
    """Nobody knows this fault."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, so many times (None: until it is taken away)."""

    name: str
    on: str = ""  # the part of the path where; everywhere when empty
    times: int | None = None
    seconds: float = 1.0


def read_fault(wish: object) -> Fault:
    """Return the fault that a JSON object asks for, or raise BadFault."""
    if not isinstance(wish, dict) or not wish.keys() <= {"name", "on", "times", "seconds"}:
        raise BadFault("name, on, times, seconds")
    name, times, seconds = str(wish.get("name")), wish.get("times"), wish.get("seconds", 1.0)
    if name not in NOTICE | ANSWER:
        raise BadFault(f"there are: {', '.join(sorted(NOTICE | ANSWER))}")
    if not (times is None or (isinstance(times, int) and times > 0)) or not isinstance(seconds, int | float):
        raise BadFault("times is a whole number, seconds a number")
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise BadFault(f"seconds up to {LONGEST_SECONDS}")
    return Fault(name, str(wish.get("on", "")), times, float(seconds))


def read_flag(text: str) -> Fault:
    """Return the fault that `late:seconds=3` or `down:on=refund,times=1` asks for."""
    name, _, rest = text.partition(":")
    wish: dict[str, Any] = {"name": name}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        wish[key] = int(value) if key == "times" else float(value) if key == "seconds" else value
    return read_fault(wish)


class Faults:
    """What goes wrong now, and how this fork does things."""

    def __init__(self, *faults: Fault, habits: Sequence[str] = ()) -> None:
        self._lock = threading.Lock()
        self._left = list(faults)
        self.habits = set(habits)

    def set(self, faults: Sequence[Fault]) -> None:
        """Let exactly these things go wrong from now on."""
        with self._lock:
            self._left = list(faults)

    def cause(self, name: str, **more: Any) -> None:
        """Let one more thing go wrong: `cause("lost_after", on="refund", times=1)`."""
        fault = read_fault({"name": name} | more)
        with self._lock:
            self._left.append(fault)

    def strike(self, name: str, place: str = "") -> Fault | None:
        """Return the fault of this name at this place, used up by one."""
        with self._lock:
            for position, fault in enumerate(self._left):
                if fault.name == name and fault.on in place:
                    if fault.times == 1:
                        del self._left[position]
                    elif fault.times:
                        self._left[position] = replace(fault, times=fault.times - 1)
                    return fault
        return None

    @property
    def told(self) -> dict[str, Any]:
        """Return what goes wrong still."""
        with self._lock:
            return {"faults": [vars(fault) for fault in self._left], "habits": sorted(self.habits)}
