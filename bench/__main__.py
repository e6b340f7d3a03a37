"""`python -m bench`: measure, then print one JSON object per figure as the last lines."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from bench import (
    beside,
    doorbell,
    gateways,
    home,
    imports,
    load,
    mails,
    notices,
    pages,
    pool,
    profiling,
    redeem,
    sales,
    storm,
    texts,
)
from bench.figures import Figure
from bench.stage import ENGINES, Size, Stage

NAMES = (
    *("import", "codes_list", "place", "notice", "pool", "mails", "texts", "doorbell"),
    *("redeem", "bulk", "counter", "export", "beside", "home"),
    *("notices", "storm"),
)
REDEEMED = {"redeem", "bulk"}
USED = {"counter", "export"}  # with a stage of their own: their codes are sold beforehand, and served
ALONE = {"pool", "mails", "texts", *REDEEMED}  # need neither imported codes nor the web
SALES = {"place", "notice"}
GATEWAYS = {"notices": notices.measure, "storm": storm.measure}  # with a stage of their own for simulators
LOADED = {*SALES, *GATEWAYS, "counter", "beside", "home"}  # by wrk
FULL = Size(codes=200_000, seconds=4, pages=100)
QUICK = Size(
    codes=20_000,
    seconds=1,
    pages=30,
    rounds=1,
    profiled=100,
    pools=(10_000, 50_000),
    pairs=5,
    mails=300,
    queued_mails=2_000,
    texts=200,
    told=20,
    queues=(2_000,),
    home_codes=50_000,
    listed=50_000,
    redeemed=300,
    bulk_rows=2_000,
    scanned=1_500,
    exported=10_000,
    noticed=60,
    confirmed=15,
    storm=10.0,
)
PROFILED = 1000  # requests


def main() -> None:
    """Measure what is asked for on each engine; figures come last, so that a pipe can take them by `tail`."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is cleared away
    names = {asked.only} if asked.only else set(NAMES)
    if names & LOADED and not asked.profile and not load.find_wrk():
        sys.exit(load.MISSING)
    size, figures = QUICK if asked.quick else FULL, []
    if asked.codes:
        size = replace(size, pools=(size.pools[0], asked.codes))
    for engine in (asked.engine,) if asked.engine else ENGINES:
        if asked.profile:
            print(profile(engine, asked.profile, size), flush=True)
        else:
            figures += run(engine, names, size)
    for figure in figures:
        print(json.dumps(figure))
    sys.exit(any(figure.get("wrong") for figure in figures))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the shop beside its floor.")
    parser.add_argument("--only", choices=NAMES, help="one figure instead of all")
    parser.add_argument("--engine", choices=ENGINES, help="one engine instead of both")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, to see that all works")
    parser.add_argument("--codes", type=int, help="how many the large pool has")
    parser.add_argument("--profile", choices=sorted(SALES), help="instead: where the web's processor time goes")
    return parser.parse_args()


def run(engine: str, names: set[str], size: Size) -> list[Figure]:
    """Return the figures of one engine; what was not asked for is made but not told."""
    began = time.monotonic()
    figures = []
    for figure in each(engine, names, size):
        if figure["bench"] in names:
            figures.append(figure)
            say(f"{engine}: {figure['bench']} {figure['value']} {figure['unit']} (floor {figure['floor']})")
    say(f"{engine}: done in {time.monotonic() - began:.0f} s")
    return figures


def each(engine: str, names: set[str], size: Size) -> Iterator[Figure]:
    """Set the stages: the home page has one of its own, with many products."""
    if names - {"beside", "doorbell", "home", "codes_list", *USED, *GATEWAYS}:
        with Stage(engine, size) as stage:
            yield from measure(stage, names - USED - GATEWAYS.keys() - {"codes_list"})
    if "codes_list" in names:
        with Stage(engine, size) as stage:
            say(f"{engine}: filling a list of {size.listed} codes")
            pages.fill(stage)
            stage.serve()
            yield from pages.measure(stage)
    if names & USED:
        with Stage(engine, size) as stage:
            yield from redeem.serve(stage, names)
    if "doorbell" in names:
        with mails.letterbox() as env, Stage(engine, size, **env) as stage:
            say(f"{engine}: letters of {size.told} sales, idle and beside {size.queues} queued")
            yield from doorbell.measure(stage)
    if "beside" in names:
        with Stage(engine, size) as stage:
            say(f"{engine}: selling beside an import of {size.codes} codes")
            yield beside.measure(stage)
    if "home" in names:
        with Stage(engine, size) as stage:
            say(f"{engine}: filling a shelf of {home.PRODUCTS} products and {size.home_codes} codes")
            yield from home.measure(stage)
    for name in sorted(names & GATEWAYS.keys()):
        with gateways.site() as (site, url), Stage(engine, size, GATEWAYS=gateways.addresses(url)) as stage:
            say(f"{engine}: {name} of every gateway")
            yield from GATEWAYS[name](stage, site, url)


def measure(stage: Stage, names: set[str]) -> Iterator[Figure]:
    """Each figure stands on the ones before: codes are sold that were imported, orders paid that were placed."""
    if "pool" in names:
        say(f"{stage.engine}: filling pools of {stage.size.pools} codes")
        yield pool.measure(stage)
    if "mails" in names:
        say(f"{stage.engine}: sending {stage.size.mails} letters")
        yield mails.measure(stage)
    if "texts" in names:
        say(f"{stage.engine}: sending {stage.size.texts} messages by SMS")
        yield texts.measure(stage)
    if names & REDEEMED:
        say(f"{stage.engine}: redeeming {stage.size.redeemed} codes and a list of {stage.size.bulk_rows}")
        yield from redeem.measure(stage)
    if names <= ALONE:
        return
    say(f"{stage.engine}: importing {stage.size.codes} codes")
    yield imports.measure(stage)
    if names <= ALONE | {"import"}:
        return
    stage.serve()
    if names & SALES:
        yield from sales.measure(stage)


def profile(engine: str, bench: str, size: Size) -> str:
    """Return the profile of one kind of request."""
    count = PROFILED if size == FULL else size.profiled
    with Stage(engine, size) as stage:
        stage.shop.codes(4 * PROFILED)
        return profiling.profile(stage, bench, count)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
