"""The processes behind the shop: `worker.py work` answers RQ's doorbell, `worker.py sweep` finds what nobody rang for.

Where long work (imports, large lists) must not keep letters waiting, `deliver` and `toil` share what `work` does.

RQ jobs carry no rows, only the name of what to drain; the tables are the truth, so a job may run twice or never.
"""

import argparse
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import DBAPIError

from app import create_app
from app.kit import bell, db, effects, events, tasks
from app.kit.errors import Refusal
from app.web.dispatch import Miaofa

log = structlog.get_logger()
SWEEP_SECONDS = 2.0
PATIENCE_SECONDS = 2.0
GATHER_SECONDS = 0.25
DRAIN_SECONDS = 2.0  # then the other bells are answered: behind a long queue of letters nobody waits for longer
BEHIND, LAST = 5, 10  # of the processors: a third, and a tenth of the weight of the others


@functools.cache
def application() -> Miaofa:
    """Return this process's application, made when first needed."""
    return create_app()


def drain_outbox() -> None:
    """Hand out the events that are due; RQ's entry.

    It waits a moment first: nobody looks at what the outbox brings within that time, and in a rush each batch is
    fuller, so that the same events cost a fraction.
    """
    time.sleep(GATHER_SECONDS)
    _answer(bell.OUTBOX, events.drain)


def drain_effects() -> None:
    """Make the outside calls that are due; RQ's entry."""
    _answer(bell.EFFECTS, effects.drain)


def drain_tasks() -> None:
    """Do the steps of long work that are due; RQ's entry."""
    _answer(bell.TASKS, tasks.drain)


def _answer(entry: str, drain: Callable[..., int]) -> None:
    """Drain for a while; what is left then gets a job of its own, so that no entry starves the others."""
    bell.heard(entry)
    began = time.monotonic()
    with application().app_context():
        drain(seconds=DRAIN_SECONDS)
    if time.monotonic() - began >= DRAIN_SECONDS:
        bell.ring(entry)


def work() -> None:
    """Answer every bell until told to stop, what somebody waits for first."""
    _listen(bell.QUEUE, bell.TOIL)


def deliver() -> None:
    """Answer the bell for what somebody waits for, after those who wait for a page."""
    db.stand_back()
    _step_back(BEHIND)
    _listen(bell.QUEUE)


def toil() -> None:
    """Answer the bell for long work, with what the others leave of the processors."""
    _step_back(LAST)
    _listen(bell.TOIL)


def _step_back(by: int) -> None:
    """Leave the processors to others first, but not on SQLite: there the writers' turn would be held for longer."""
    with application().app_context():
        if not db.is_sqlite():  # see db.patient
            os.nice(by)


def _listen(*names: str) -> None:
    """Answer the doorbell until told to stop; while Redis is away, wait for it."""
    stopping = _stop_event()
    url = application().config["MIAOFA"].redis_url
    if not url:
        sys.exit("miaofa: REDIS_URL is missing. Set it, or run the sweeper alone: python worker.py sweep")
    while not stopping.is_set():
        try:
            redis = Redis.from_url(url)
            queues = [bell.queue(redis, name) for name in names]
            SimpleWorker(queues, connection=redis, serializer=JSONSerializer).work(logging_level="WARNING")
            return
        except (RedisError, OSError) as error:
            log.warning("worker.no_redis", error=type(error).__name__)
            stopping.wait(PATIENCE_SECONDS)


def sweep() -> None:
    """Every few seconds do what a lost ring or a crash left undone; needs no Redis."""
    stopping = _stop_event()
    while not stopping.is_set():
        began = time.monotonic()
        with application().app_context():
            sweep_once()
        stopping.wait(max(0.0, SWEEP_SECONDS - (time.monotonic() - began)))


def sweep_once() -> None:
    """Hand out, call and do what is due, in the application's context."""
    _swept(events.drain_urgent)  # in a rush the worker comes to it too late
    if not bell.is_busy():  # a worker is at it: two would only make each other's batches smaller
        _swept(events.drain)
        _swept(effects.drain)
    _swept(tasks.drain)


def _swept(drain: Callable[..., int]) -> None:
    """Drain for as long as a sweep may take; a failure stops neither the other drains nor the next sweep."""
    try:
        drain(seconds=SWEEP_SECONDS)
    except (DBAPIError, Refusal) as error:
        log.warning("sweeper.failed", of=drain.__module__, error=type(error).__name__)
    except Exception:
        log.exception("sweeper.failed", of=drain.__module__)


def _stop_event() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


ROLES = {"work": work, "deliver": deliver, "toil": toil, "sweep": sweep}


def main() -> None:
    """Run the role named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=[*ROLES])
    ROLES[parser.parse_args().role]()


if __name__ == "__main__":
    from worker import main as run  # RQ imports this file as `worker`; one module, one application

    run()
