"""The doorbell: after a commit it tells a worker that there is something to do. The tables are the truth.

Redis may be missing or vanish: then ringing is a no-op, tried again after a pause, and the sweeper finds the work.
"""

import time

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = structlog.get_logger()
QUEUE, TOIL = "miaofa", "miaofa-toil"  # what somebody waits for, and long work
OUTBOX, EFFECTS, TASKS = "drain_outbox", "drain_effects", "drain_tasks"  # the entries of worker.py
QUIET_SECONDS = 5.0
RUNG_MILLISECONDS = 5000
BUSY_MILLISECONDS = 5000  # longer than a worker is at one entry, so that a dead one is not taken for busy
LONGEST_JOB = 900
BUSY = "miaofa:busy"

_redis: Redis | None = None
_silent_until = 0.0


def hang(url: str | None) -> None:
    """Hang the bell at a Redis, or none; timeouts are short because buyers wait behind it."""
    global _redis, _silent_until
    _silent_until = 0.0
    _redis = Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.5) if url else None


def ring(entry: str) -> None:
    """Ask a worker to drain OUTBOX, EFFECTS or TASKS; many rings in a moment make one job."""
    global _silent_until
    if _redis is None or time.monotonic() < _silent_until:
        return
    try:
        if _redis.set(_rung(entry), "1", nx=True, px=RUNG_MILLISECONDS):
            ours = queue(_redis, TOIL if entry == TASKS else QUEUE)
            ours.enqueue(f"worker.{entry}", result_ttl=0, failure_ttl=3600, job_timeout=LONGEST_JOB)
    except RedisError as error:
        _silent_until = time.monotonic() + QUIET_SECONDS
        log.warning("bell.no_redis", error=type(error).__name__)


def heard(entry: str) -> None:
    """Let the next ring for `entry` through; called before the work, so that nothing that comes meanwhile is missed."""
    try:
        if _redis is not None:
            _redis.delete(_rung(entry))
            if entry != TASKS:
                _redis.set(BUSY, "1", px=BUSY_MILLISECONDS)
    except RedisError as error:
        log.warning("bell.no_redis", error=type(error).__name__)


def is_busy() -> bool:
    """Tell whether a worker is at what somebody waits for, or was a moment ago."""
    try:
        return _redis is not None and bool(_redis.exists(BUSY))
    except RedisError:
        return False


def _rung(entry: str) -> str:
    return f"miaofa:rung:{entry}"


def queue(redis: Redis, name: str = QUEUE) -> Queue:
    """Return a queue; jobs are JSON with ids, never pickle."""
    return Queue(name, connection=redis, serializer=JSONSerializer)


def answers() -> bool:
    """Tell whether Redis answers now, for readiness."""
    try:
        return _redis is not None and bool(_redis.ping())
    except RedisError:
        return False
