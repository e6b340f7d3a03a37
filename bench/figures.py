"""What a figure is made of: a value, the floor beside it, percentiles."""

from collections.abc import Sequence
from typing import Any

Figure = dict[str, Any]
MOST_NEIGHBOURS = 0.15  # of the machine's processor time


def figure(bench: str, *, engine: str, value: float, unit: str, floor: float, **more: Any) -> Figure:
    """Return a figure in the order people read it."""
    said: Figure = {"bench": bench, "engine": engine, "value": _short(value), "unit": unit}
    return said | {"floor": _short(floor), "ratio": round(value / floor, 3) if floor else None} | more


def judged(good: bool, neighbours: float | None) -> bool | None:
    """Return the verdict; None when strangers took too much of the machine to tell, whichever way it fell."""
    return good if neighbours is None or neighbours <= MOST_NEIGHBOURS else None


def percentile_ms(laps: Sequence[float], share: float) -> float:
    """Return the duration in ms that `share` of the laps (in seconds) do not exceed."""
    ordered = sorted(laps)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def _short(value: float) -> float:
    return round(value, 2) if value < 100 else round(value)
