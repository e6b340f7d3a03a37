"""The chart of the turnover: two bars a week, drawn on the server in units that stretch to the width they are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.finance.queries import Span, Sums

WIDE, TALL = 1000, 100  # the chart in its own units; it is as wide as its card, so only heights keep their measure
STOUT = 24.0  # a bar is no wider, however few there are
NAMED = 9  # weeks that have room for their name on a desk


@dataclass(frozen=True)
class Bar:
    """A week: what came in and what was sold, where its two bars stand and how tall they are."""

    week: date
    came: int
    sold: int
    came_at: float
    sold_at: float
    came_tall: float
    sold_tall: float
    is_named: bool


@dataclass(frozen=True)
class Chart:
    """The bars, how wide each is, and the figures at the side from the top down; no bars where nothing happened."""

    bars: Sequence[Bar]
    thick: float
    scale: Sequence[int]


def chart(span: Span, sums: Sums) -> Chart:
    """Return the weeks of `span` as bars below a round figure."""
    most = max([0, *sums.came.values(), *sums.went.values()])
    if not most:
        return Chart((), 0, ())
    top, weeks = round_above(most), span.weeks
    room = WIDE / len(weeks)
    thick = min(room * 0.36, STOUT)
    every = -(-len(weeks) // NAMED)
    bars = []
    for number, week in enumerate(weeks):
        came, sold, middle = sums.came.get(number, 0), sums.went.get(number, 0), room * (number + 0.5)
        talls = (_tall(came, top), _tall(sold, top))
        bars.append(Bar(week, came, sold, round(middle - thick, 1), round(middle, 1), *talls, number % every == 0))
    return Chart(bars, round(thick, 1), (top, top // 2, 0))


def round_above(count: int) -> int:
    """Return the smallest of 2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80, 100, 120 … not below `count`."""
    if count <= 8:
        return count + count % 2
    ten = int("1" + "0" * (len(str(count - 1)) - 2))
    return next(step * ten for step in (10, 12, 16, 20, 30, 40, 60, 80, 100) if count <= step * ten)


def _tall(count: int, top: int) -> float:
    """Return how tall a count stands; what is there at all can be seen."""
    return max(round(TALL * count / top, 1), 1.5) if count else 0
