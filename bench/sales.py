"""How many orders are placed and paid in a second, over HTTP: the real form, then the gateway's signed notices.

Ours and the floor take turns. The first round tries both at every number of connections; the later rounds are at the
best of each, and the figure is the median there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import func, select

from app.kit import db
from app.kit.events import Outbox
from bench import profiling, promises, requests
from bench.cpu import Meter
from bench.figures import Figure, figure, judged
from bench.load import Run, fire
from bench.requests import Request
from bench.stage import Floor, Stage

CONNECTIONS = (1, 8, 32)
MOST_PER_SECOND = 1500  # requests are made before the clock starts, so many are enough
WARM_UP = 1.0  # seconds
LEAST_RATIO = 0.35

Make = Callable[[int], list[Request]]


@dataclass
class Contest:
    """The runs of ours and of the floor so far, by the number of connections."""

    ours: dict[int, list[Run]] = field(default_factory=lambda: {number: [] for number in CONNECTIONS})
    floor: dict[int, list[Floor]] = field(default_factory=lambda: {number: [] for number in CONNECTIONS})
    meters: dict[int, list[Meter]] = field(default_factory=lambda: {number: [] for number in CONNECTIONS})
    strangers: list[float] = field(default_factory=list)  # their share of the machine, in every run of either

    @property
    def best(self) -> tuple[int, int]:
        """The numbers of connections at which ours and the floor are fastest."""
        return (
            max(CONNECTIONS, key=lambda number: median(run.rate for run in self.ours[number])),
            max(CONNECTIONS, key=lambda number: median(run["value"] for run in self.floor[number])),
        )

    @property
    def wrong(self) -> list[Run]:
        return [run for runs in self.ours.values() for run in runs if run.wrong]

    def turn(self, stage: Stage, step: str, make: Make, own: int, bare: int) -> None:
        """Run the floor, then ours."""
        seconds, beside = stage.size.seconds, Meter().start()
        self.floor[bare].append(stage.floor(step, seconds=seconds, clients=bare))
        beside.stop()
        sent, meter = make(int(MOST_PER_SECOND * seconds)), Meter().start()
        self.ours[own].append(fire(stage, sent, connections=own, seconds=seconds))
        self.meters[own].append(meter.stop())
        self.strangers += [each.neighbours for each in (beside, meter) if each.neighbours is not None]


def measure(stage: Stage) -> Iterator[Figure]:
    """Place orders, then pay them, and check the books."""
    yield compare(stage, "place", "place", lambda count: requests.places(stage, count))
    portion = requests.count_due(stage) // (len(CONNECTIONS) + stage.size.rounds + 1)  # so that each load has some
    yield compare(stage, "notice", "apply", lambda count: requests.notices(stage, min(count, portion)))
    promises.check(stage.shop)


def compare(stage: Stage, bench: str, step: str, make: Make, *, unit: str = "orders/s") -> Figure:
    """Let ours and the floor take turns and return the figure."""
    contest = Contest()
    fire(stage, make(int(MOST_PER_SECOND * WARM_UP)), connections=8, seconds=WARM_UP)
    stage.tidy()
    for connections in CONNECTIONS:
        contest.turn(stage, step, make, connections, connections)
    for _ in range(stage.size.rounds - 1):
        contest.turn(stage, step, make, *contest.best)
    return told(stage, bench, contest, profiling.shares(stage, make(stage.size.profiled)), unit)


def told(stage: Stage, bench: str, contest: Contest, parts: dict[str, float], unit: str) -> Figure:
    own, bare = contest.best
    value, floor = median(run.rate for run in contest.ours[own]), median(run["value"] for run in contest.floor[bare])
    wrong, meter = contest.wrong, contest.meters[own][-1]
    neighbours = max(contest.strangers, default=None)
    return figure(
        bench,
        engine=stage.engine,
        value=value,
        unit=unit,
        floor=floor,
        bar_ratio=LEAST_RATIO,
        met=not wrong and judged(value >= LEAST_RATIO * floor, neighbours),
        connections=own,
        floor_clients=bare,
        at={number: shown(contest.ours[number], contest.floor[number]) for number in CONNECTIONS},
        rounds=stage.size.rounds,
        answers=sum(run.answered for runs in contest.ours.values() for run in runs),
        client="wrk",
        cpu_ms=meter.ms_each(contest.ours[own][-1].answered),
        neighbours=neighbours,
        profile=parts,
        outbox_left=stage.shop.read(lambda: db.session().scalar(select(func.count()).select_from(Outbox))),
        **({"wrong": sum(run.wrong for run in wrong), "first_wrong": wrong[0].first_wrong} if wrong else {}),
    )


def shown(ours: Sequence[Run], floor: Sequence[Floor]) -> dict[str, Any]:
    """Return the medians of the runs at one number of connections."""
    return {
        "value": round(median(run.rate for run in ours), 1),
        "p50_ms": median(run.p50_ms for run in ours),
        "p99_ms": median(run.p99_ms for run in ours),
        "floor": median(run["value"] for run in floor),
        "floor_p50_ms": median(run["p50_ms"] for run in floor),
        "floor_p99_ms": median(run["p99_ms"] for run in floor),
    }
