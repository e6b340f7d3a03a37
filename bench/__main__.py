"""`python -m bench`: measure, then print one JSON object per figure as the last lines."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator

from bench import imports, pages, sales
from bench.figures import Figure
from bench.stage import ENGINES, Size, Stage

NAMES = ("import", "codes_list", "place", "notice")
FULL = Size(codes=200_000, seconds=8.0, pages=100)
QUICK = Size(codes=20_000, seconds=2.0, pages=30)


def main() -> None:
    """Measure what is asked for on each engine; figures come last, so that a pipe can take them by `tail`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the shop beside its floor.")
    parser.add_argument("--only", choices=NAMES, help="one figure instead of all")
    parser.add_argument("--engine", choices=ENGINES, help="one engine instead of both")
    parser.add_argument("--quick", action="store_true", help="a tenth of the codes, a quarter of the time")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is cleared away
    names = {asked.only} if asked.only else set(NAMES)
    figures: list[Figure] = []
    for engine in (asked.engine,) if asked.engine else ENGINES:
        figures += run(engine, names, QUICK if asked.quick else FULL)
    for figure in figures:
        print(json.dumps(figure))


def run(engine: str, names: set[str], size: Size) -> list[Figure]:
    """Return the figures of one engine; what was not asked for is made but not told."""
    began = time.monotonic()
    figures = []
    with Stage(engine, size) as stage:
        for figure in measure(stage, names):
            if figure["bench"] in names:
                figures.append(figure)
                say(f"{engine}: {figure['bench']} {figure['value']} {figure['unit']} (floor {figure['floor']})")
    say(f"{engine}: done in {time.monotonic() - began:.0f} s")
    return figures


def measure(stage: Stage, names: set[str]) -> Iterator[Figure]:
    """Each figure stands on the ones before: codes are sold that were imported, orders paid that were placed."""
    say(f"{stage.engine}: importing {stage.size.codes} codes")
    yield imports.measure(stage)
    if names == {"import"}:
        return
    stage.serve()
    if "codes_list" in names:
        yield from pages.measure(stage)
    if names & {"place", "notice"}:
        yield from sales.measure(stage)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
