"""Where the processor time of the web process goes while it places orders, or takes notices that pay them.

The application runs in this process, called as a server calls it, one request after another, beside a running shop
(its Redis, its worker). Statements, commits among them, are counted on other requests than the time is, as SQLAlchemy
sees them: what a unit tells the database at its start may go past it.
"""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr
from contextvars import Context
from typing import Any, cast

from sqlalchemy import event
from werkzeug.test import EnvironBuilder
from werkzeug.wsgi import ClosingIterator

from app import logs
from app.kit import bell, db
from app.web.dispatch import Miaofa
from bench import requests
from bench.requests import Request
from bench.sampler import Place, Sampler
from bench.stage import Stage

WARM_UP, COUNTED = 100, 50
MOST_NAMES = 5  # of a room
LEAST_SHARE = 0.03  # of what is worth a line

Environ = dict[str, Any]


def profile(stage: Stage, bench: str, count: int) -> str:
    """Return the profile of one kind of request as Markdown tables."""
    stage.serve()
    every = WARM_UP + COUNTED + count
    sent = requests.places(stage, every)
    if bench == "notice":
        with served(stage):
            play(stage, sent)
        sent = requests.notices(stage, every)
    with served(stage):
        play(stage, sent[:WARM_UP])
        statements = count_statements(lambda: play(stage, sent[WARM_UP : WARM_UP + COUNTED]))
        sampler = play(stage, sent[WARM_UP + COUNTED :])
    return "\n".join(told(stage.engine, bench, count, sampler, statements))


def shares(stage: Stage, sent: Sequence[Request]) -> dict[str, float]:
    """Return the milliseconds of processor time a request that each room takes, the dearest first."""
    warm_up = len(sent) // 5
    with served(stage):
        play(stage, sent[:warm_up])
        sampler = play(stage, sent[warm_up:])
    ms = 1000 * sampler.cpu / (len(sent) - warm_up) / max(1, sampler.looks)
    return {room: round(looks * ms, 2) for room, looks in rooms(sampler).most_common()}


@contextmanager
def served(stage: Stage) -> Iterator[None]:
    """Ring the served shop's bell, and write the log of requests as it does, where nobody reads it."""
    bell.hang(f"unix://{stage.folder / 'instance' / 'redis' / 'redis.sock'}")
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        logs.configure("INFO")
        yield
    logs.configure("WARNING")


def play(stage: Stage, sent: Sequence[Request]) -> Sampler:
    """Let the application answer requests and return what it cost; raises when an answer is not the right one."""
    environs = [environ_of(request) for request in sent]
    statuses: Counter[str] = Counter()
    with Sampler() as sampler:
        for environ in environs:
            Context().run(call, stage.shop.app, environ, statuses)  # our own context would lend requests its `g`
    if set(statuses) != {str(sent[0].expect)}:
        raise RuntimeError(f"The application answered {dict(statuses)} instead of {sent[0].expect}.")
    return sampler


def call(app: Miaofa, environ: Environ, statuses: Counter[str]) -> None:
    """Call the application as a server does, and note the status."""

    def start(status: str, _headers: Any, _error: Any = None, /) -> Callable[[bytes], object]:
        statuses[status[:3]] += 1
        return lambda _: None

    with closing(cast("ClosingIterator", app.wsgi_app(environ, start))) as answer:
        for _ in answer:
            pass


def environ_of(request: Request) -> Environ:
    builder = EnvironBuilder(
        path=request.path,
        method=request.method,
        headers=list(request.headers.items()),
        input_stream=io.BytesIO(request.body),
        content_length=len(request.body),
        base_url="http://127.0.0.1/",
    )
    return builder.get_environ()


def count_statements(play: Callable[[], object]) -> Counter[str]:
    """Count the statements that go to the database by their first words, and commits and rollbacks."""
    counted: Counter[str] = Counter()

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        counted[" ".join(statement.replace("\n", " ").split()[:3])] += 1

    listeners: dict[str, Callable[..., Any]] = {
        "before_cursor_execute": executed,
        "commit": lambda _: counted.update(["COMMIT"]),
        "rollback": lambda _: counted.update(["ROLLBACK"]),
    }
    for name, listener in listeners.items():
        event.listen(db.engine(), name, listener)
    try:
        play()
    finally:
        for name, listener in listeners.items():
            event.remove(db.engine(), name, listener)
    return counted


# Telling ---------------------------------------------------------------------------------------------------------


def told(engine: str, bench: str, count: int, sampler: Sampler, statements: Counter[str]) -> Iterator[str]:
    """Tell rooms with their dearest functions, then our own functions with all that they call."""
    each = 1000 * sampler.cpu / count
    told_database = sum(statements.values()) / COUNTED
    yield f"## {bench} on {engine}: {each:.2f} ms of processor time a request, {told_database:.1f} statements"
    yield f"\n{count} requests, {sampler.looks} looks\n"
    yield "| room | ms | share | dearest functions (ms of their own) |\n|---|---|---|---|"
    ms = each / sampler.looks
    for room, looks in rooms(sampler).most_common():
        inside = [(place, n) for place, n in sampler.own.most_common() if place.room == room][:MOST_NAMES]
        names = " · ".join(f"{place.name} {n * ms:.2f}" for place, n in inside)
        yield f"| {room} | {looks * ms:.2f} | {looks / sampler.looks:.0%} | {names} |"
    yield "\n| function of ours, with all it calls | ms | share |\n|---|---|---|"
    for place, looks in sampler.through.most_common():
        if is_ours(place) and looks >= LEAST_SHARE * sampler.looks:
            yield f"| {place.name} | {looks * ms:.2f} | {looks / sampler.looks:.0%} |"
    yield "\n| statement | a request |\n|---|---|"
    for words, n in statements.most_common():
        yield f"| {words} | {n / COUNTED:.2f} |"


def rooms(sampler: Sampler) -> Counter[str]:
    counted: Counter[str] = Counter()
    for place, looks in sampler.own.items():
        counted[place.room] += looks
    return counted


def is_ours(place: Place) -> bool:
    return place.name.startswith("app.")
