"""Failpoints: named places where a test may let a process die or wait. Nothing but a test arms them."""

from collections.abc import Callable

_armed: Callable[[str], None] | None = None


def arm(fn: Callable[[str], None] | None) -> None:
    """Let `fn` be told the name of each failpoint that is reached from now on; None disarms."""
    global _armed
    _armed = fn


def reach(name: str, doing: object = None) -> None:
    """Tell the armed function that this place was reached, with the name of the code `doing` it; usually nothing."""
    if _armed is not None:
        _armed(name if doing is None else f"{name}:{_name_of(doing)}")


def _name_of(doing: object) -> str:
    """Return the module and function that wrote a callable, also when it is a lambda inside of it."""
    function = getattr(doing, "func", doing)  # of a partial
    inside = str(getattr(function, "__qualname__", type(function).__name__)).split(".<locals>")[0]
    return f"{getattr(function, '__module__', '')}.{inside}"
