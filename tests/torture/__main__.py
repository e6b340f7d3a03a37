"""Torture the shop: `python -m tests.torture --seeds 200 --engine both`, or `--every` for each step of each story."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.engines import Postgres
from tests.torture.chance import wander
from tests.torture.stories import STORIES
from tests.torture.telling import Told, tell
from tests.torture.world import World

ENGINES = ("sqlite", "postgresql")


def main() -> None:
    """Tell what was asked for, a line each, and fail when one telling does not end well."""
    asked = read_options()
    failed = 0
    for engine in ENGINES if asked.engine == "both" else (asked.engine,):
        with installed(engine) as world:
            failed += report(engine, list(_every(world, asked.story) if asked.every else _seeds(world, asked)))
    sys.exit(bool(failed))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first of them (default: %(default)s)")
    parser.add_argument("--engine", choices=[*ENGINES, "both"], default="both")
    parser.add_argument("--every", action="store_true", help="kill at each step of each story in place of seeds")
    parser.add_argument("--story", choices=list(STORIES), action="append", help="with --every: only this story")
    return parser.parse_args()


@contextmanager
def installed(engine: str) -> Iterator[World]:
    """Yield a world of its own on an engine of its own."""
    with tempfile.TemporaryDirectory(prefix="mf-torture-") as name:
        folder = Path(name)
        if engine == "sqlite":
            with World(folder, *[f"sqlite:///{folder / 'miaofa.db'}"] * 2) as world:
                yield world
        else:
            with Postgres() as cluster, World(folder, *cluster.create_database("torture")) as world:
                yield world


def _seeds(world: World, asked: argparse.Namespace) -> Iterator[Told]:
    for seed in range(asked.first, asked.first + asked.seeds):
        yield _shown(Told("?", seed), lambda seed=seed: wander(world, seed))  # type: ignore[misc]


def _every(world: World, stories: Sequence[str] | None) -> Iterator[Told]:
    for name in stories or STORIES:
        yield (whole := _shown(Told(name, 0), lambda name=name: tell(world, name)))  # type: ignore[misc]
        for place in range(1, len(whole.reached) + 1):
            yield _shown(Told(name, 0), lambda name=name, place=place: tell(world, name, die_at=place))  # type: ignore[misc]


def _shown(told: Told, telling: Callable[[], Told]) -> Told:
    """Tell, print how it ended, and go on whatever happened."""
    try:
        told = telling()
    except AssertionError as error:
        told.faults.append(f"{type(error).__name__}: {error}")
    print(f"{'FAILED' if told.faults else 'ok    '} {told}", flush=True)
    for fault in told.faults:
        print(f"       {fault}", flush=True)
    if told.tail:
        print(told.tail, flush=True)
    return told


def report(engine: str, all_told: Sequence[Told]) -> int:
    """Print a summary and return how many tellings failed."""
    failed = [told for told in all_told if told.faults]
    deaths = sum(len(told.died_at) for told in all_told)
    orders = sum(len(told.words) for told in all_told)
    words = sorted({word for told in all_told for word in told.words})
    counts = ", ".join(f"{sum(told.words.count(word) for told in all_told)} {word}" for word in words)
    points = len({point for told in all_told for point in told.died_at})
    print(f"{engine}: {len(all_told)} tellings, {deaths} kills at {points} different failpoints")
    print(f"{engine}: {orders} orders ended: {counts}")
    print(f"{engine}: {len(failed)} failed{''.join(f', seed {told.seed}' for told in failed)}", flush=True)
    return len(failed)


if __name__ == "__main__":
    main()
