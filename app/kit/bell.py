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
QUEUE = "miaofa"
RELAY = "worker.drain_outbox"
QUIET_SECONDS = 5.0
RUNG = "miaofa:rung"
RUNG_MILLISECONDS = 5000

_redis: Redis | None = None
_silent_until = 0.0


def hang(url: str | None) -> None:
    """Hang the bell at a Redis, or none; timeouts are short because buyers wait behind it."""
    global _redis, _silent_until
    _silent_until = 0.0
    _redis = Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.5) if url else None


def ring() -> None:
    """Ask a worker to drain the outbox; many rings in a moment make one job."""
    global _silent_until
    if _redis is None or time.monotonic() < _silent_until:
        return
    try:
        if _redis.set(RUNG, "1", nx=True, px=RUNG_MILLISECONDS):
            queue(_redis).enqueue(RELAY, result_ttl=0, failure_ttl=3600)
    except RedisError as error:
        _silent_until = time.monotonic() + QUIET_SECONDS
        log.warning("bell.no_redis", error=type(error).__name__)


def heard() -> None:
    """Let the next ring through; called before the work, so that nothing which comes during it is missed."""
    try:
        if _redis is not None:
            _redis.delete(RUNG)
    except RedisError as error:
        log.warning("bell.no_redis", error=type(error).__name__)


def queue(redis: Redis) -> Queue:
    """Return the one queue; jobs are JSON with ids, never pickle."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def answers() -> bool:
    """Tell whether Redis answers now, for readiness."""
    try:
        return _redis is not None and bool(_redis.ping())
    except RedisError:
        return False
