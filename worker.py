"""The processes behind the shop: `worker.py work` answers RQ's doorbell, `worker.py sweep` finds what nobody rang for.

RQ jobs carry no rows, only the name of what to drain; the tables are the truth, so a job may run twice or never.
"""

import argparse
import functools
import signal
import sys
import threading
import time

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import DBAPIError

from app import create_app
from app.kit import bell, events
from app.kit.errors import Refusal
from app.web.dispatch import Miaofa

log = structlog.get_logger()
SWEEP_SECONDS = 2.0
PATIENCE_SECONDS = 2.0


@functools.cache
def application() -> Miaofa:
    """Return this process's application, made when first needed."""
    return create_app()


def drain_outbox() -> int:
    """Hand out events until there are none due; RQ's entry."""
    bell.heard()
    delivered = 0
    with application().app_context():
        while count := events.relay():
            delivered += count
    return delivered


def work() -> None:
    """Answer the doorbell until told to stop; while Redis is away, wait for it."""
    stopping = _stop_event()
    url = application().config["MIAOFA"].redis_url
    if not url:
        sys.exit("miaofa: REDIS_URL is missing. Set it, or run the sweeper alone: python worker.py sweep")
    while not stopping.is_set():
        try:
            redis = Redis.from_url(url)
            SimpleWorker([bell.queue(redis)], connection=redis, serializer=JSONSerializer).work(logging_level="WARNING")
            return
        except (RedisError, OSError) as error:
            log.warning("worker.no_redis", error=type(error).__name__)
            stopping.wait(PATIENCE_SECONDS)


def sweep() -> None:
    """Every few seconds do what a lost ring or a crash left undone; needs no Redis."""
    stopping = _stop_event()
    while not stopping.is_set():
        began = time.monotonic()
        try:
            drain_outbox()
        except (DBAPIError, Refusal) as error:
            log.warning("sweeper.failed", error=type(error).__name__)
        stopping.wait(max(0.0, SWEEP_SECONDS - (time.monotonic() - began)))


def _stop_event() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def main() -> None:
    """Run the role named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=["work", "sweep"])
    {"work": work, "sweep": sweep}[parser.parse_args().role]()


if __name__ == "__main__":
    from worker import main as run  # RQ imports this file as `worker`; one module, one application

    run()
