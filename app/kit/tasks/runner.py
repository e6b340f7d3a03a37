"""The runner of tasks: leases one, takes step after step while its turn lasts, lets go."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from uuid import UUID

import structlog

from app.kit import clock, db
from app.kit.rounds import ROWS, Rounds, Turn
from app.kit.tasks import book, leases
from app.kit.tasks.leases import TRIES, Lease, Lost
from app.kit.tasks.models import ALIVE, State, Task

log = structlog.get_logger()
GLANCE_SECONDS = 0.1

_rounds = Rounds(Task, ALIVE)


def drain(*, seconds: float | None = None) -> int:
    """Work on all due tasks (for `seconds`), in fair rounds, and return how many steps were tried."""
    until = None if seconds is None else time.monotonic() + seconds
    steps = 0
    while count := _rounds.run(_serve, until=until):
        steps += count
    return steps


def _serve(turn: Turn) -> int:
    steps = 0
    for _ in range(ROWS):
        if steps and turn.over:
            break
        lease = db.write(turn.merchant_id, leases.take)
        if lease is None:
            break
        steps += _work(turn.merchant_id, lease, lambda: not turn.over)
    return steps


def run(merchant_id: int, task_id: UUID, *, seconds: float | None = None) -> Task:
    """Do a task in this process, or wait while another does, until it is finished or `seconds` passed; return it."""
    until = None if seconds is None else time.monotonic() + seconds

    def may_go_on() -> bool:
        return until is None or time.monotonic() < until

    while True:
        task = db.read(merchant_id, lambda: book.get(task_id))
        asleep = task.lease_until is None and task.attempts == 0 and task.due_at > clock.now()
        if task.state != State.WAITING or asleep or not may_go_on():
            return task
        lease = db.write(merchant_id, lambda: leases.take(task_id)) if task.due_at <= clock.now() else None
        if lease is None:
            time.sleep(GLANCE_SECONDS)
        else:
            _work(merchant_id, lease, may_go_on, patient=seconds is None)


def _work(merchant: int, lease: Lease, may_go_on: Callable[[], bool], *, patient: bool = True) -> int:
    """Take steps until the task is finished, fails, or the time is over, and return how many were tried.

    It lets others write in between, unless somebody stands there and waits for it.
    """
    steps, held = 0, lease if lease.attempts < TRIES else None
    if held is None:
        _fail(merchant, lease, "its process died")
    while held:
        steps, lease = steps + 1, held
        try:
            with db.patient() if patient else nullcontext():
                _, held = db.write(merchant, lambda: leases.advance(lease, keep=may_go_on()))  # noqa: B023 (this turn's)
        except Lost:
            log.info("task.lost", kind=lease.kind.name, task=str(lease.task_id))
            break
        except Exception as error:
            log.exception("task.step_failed", kind=lease.kind.name, task=str(lease.task_id), merchant=merchant)
            _fail(merchant, lease, type(error).__name__)
            break
    return max(steps, 1)


def _fail(merchant: int, lease: Lease, error: str) -> None:
    def write_down(tell: bool) -> None:
        if leases.fail(lease, error) and tell and lease.kind.failed:
            lease.kind.failed(lease.subject_id, error)

    try:
        db.write(merchant, lambda: write_down(True))
    except Lost:
        log.info("task.lost", kind=lease.kind.name, task=str(lease.task_id))
    except Exception:
        log.exception("task.failure_not_told", kind=lease.kind.name, task=str(lease.task_id))
        db.write(merchant, lambda: write_down(False))
