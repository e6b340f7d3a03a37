"""The doorbell makes work start at once; when Redis is away, nothing but the speed is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis as Client
from structlog.testing import capture_logs

import worker as worker_program
from app.kit import bell, clock, db, effects, events, tasks
from app.kit.ids import new_id, new_merchant_id
from app.web.dispatch import Miaofa
from tests.engines import Redis, on_postgresql, on_sqlite
from tests.kit.counting import Counter, begun, counted
from tests.kit.counting import wired as tasks_wired
from tests.kit.lamps import light, lit, waiting
from tests.kit.lamps import wired as lamps_wired
from tests.kit.outside import Office, sent
from tests.kit.outside import wired as effects_wired
from tests.make import MASTER, SECRET

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(autouse=True)
def no_bell() -> Iterator[None]:
    yield
    bell.hang(None)


@pytest.fixture
def queue(redis: Redis) -> Iterator[Client]:
    """A client of an empty Redis at which the bell hangs."""
    redis.flush()
    bell.hang(redis.url)
    with Client.from_url(redis.url) as client:
        yield client


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def ring() -> None:
    bell.ring(bell.OUTBOX)


def test_without_a_redis_ringing_is_nothing(merchant: int) -> None:
    bell.hang(None)

    bell.ring(bell.OUTBOX)
    bell.heard(bell.OUTBOX)

    assert not bell.answers()
    assert len(lit(merchant)) == 1


def test_an_absent_redis_is_silent_and_costs_no_time(merchant: int, tmp_path: Path) -> None:
    bell.hang(f"unix://{tmp_path}/nobody.sock")

    assert seconds(lambda: [lit(merchant) for _ in range(5)]) < 1
    assert len(waiting(merchant)) == 5


def test_a_redis_that_hangs_costs_one_buyer_half_a_second_and_the_next_ones_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        bell.hang(f"redis://127.0.0.1:{mute.getsockname()[1]}")

        assert seconds(ring) < 1.5
        assert seconds(ring) + seconds(ring) < 0.1


def test_many_rings_make_one_job(merchant: int, queue: Client) -> None:
    for _ in range(20):
        lit(merchant)

    (job,) = bell.queue(queue).jobs
    assert (job.func_name, list(job.args), job.kwargs) == ("worker.drain_outbox", [], {})


def test_after_it_was_heard_it_rings_again(queue: Client) -> None:
    bell.ring(bell.OUTBOX)
    bell.heard(bell.OUTBOX)
    bell.ring(bell.OUTBOX)

    assert len(bell.queue(queue).jobs) == 2


def test_each_entry_has_a_bell_of_its_own(merchant: int, queue: Client) -> None:
    def ask() -> None:
        for _ in range(3):
            light()
            effects.intend("parcel", new_id(), due_at=clock.now())
            tasks.start("count", new_id(), due_at=clock.now())

    with effects_wired(Office().kind()), tasks_wired(Counter().kind()):
        db.write(merchant, ask)

    assert rung(queue) == ["worker.drain_effects", "worker.drain_outbox"]
    assert rung(queue, bell.TOIL) == ["worker.drain_tasks"]
    bell.heard(bell.EFFECTS)
    bell.ring(bell.TASKS)
    bell.ring(bell.EFFECTS)
    assert (len(rung(queue)), len(rung(queue, bell.TOIL))) == (3, 1)


def rung(queue: Client, name: str = bell.QUEUE) -> list[str]:
    return sorted(str(job.func_name) for job in bell.queue(queue, name).jobs)


def test_what_is_due_later_rings_no_bell(merchant: int, queue: Client) -> None:
    with tasks_wired(Counter().kind()), effects_wired(Office().kind()):
        later = clock.now() + timedelta(hours=1)
        db.write(merchant, lambda: tasks.wake("count", later))
        db.write(merchant, lambda: effects.intend("parcel", new_id(), due_at=later))

    assert rung(queue) == rung(queue, bell.TOIL) == []


def test_what_did_not_happen_rings_no_bell(merchant: int, queue: Client) -> None:
    with pytest.raises(ZeroDivisionError):
        db.write(merchant, lambda: 1 / 0)

    assert rung(queue) == rung(queue, bell.TOIL) == []


def test_redis_holds_names_of_work_and_no_rows(merchant: int, queue: Client) -> None:
    (number,) = lit(merchant)

    held = [queue.dump(key) or b"" for key in queue.keys("*")]

    assert held
    assert not any(str(number).encode() in value or b"lamp" in value for value in held)


def test_a_redis_that_comes_back_is_rung_again(redis: Redis, merchant: int) -> None:
    redis.stop()
    bell.hang(redis.url)
    lit(merchant)
    redis.start()
    redis.flush()

    bell.hang(redis.url)  # as the next process does; this one tries again after a pause
    lit(merchant)

    with Client.from_url(redis.url) as client:
        assert len(bell.queue(client).jobs) == 1


@contextmanager
def worker(app: Miaofa, role: str, redis_url: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of this installation, as the deployment starts it."""
    settings = app.config["MIAOFA"]
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {
        "HOME": str(settings.instance),
        "INSTANCE": str(settings.instance),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEYS": SECRET,
        "MASTER_KEYS": b64encode(MASTER).decode(),
    }
    process = subprocess.Popen([sys.executable, "worker.py", role], cwd=ROOT, env=env)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()


def gone(merchant: int, patience: float = 60) -> bool:
    """Wait until the merchant's outbox is empty."""
    return comes(lambda: not waiting(merchant), patience)


def comes(holds: Callable[[], bool], patience: float = 20) -> bool:
    """Wait until something holds, and tell whether it came to that."""
    until = time.monotonic() + patience
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@on_postgresql
@pytest.mark.parametrize("role", ["work", "deliver"])
def test_a_worker_hears_the_bell_and_drains_the_outbox(fresh: Miaofa, queue: Client, redis: Redis, role: str) -> None:
    merchant = new_merchant_id()
    bell.hang(redis.url)
    lit(merchant, 120)

    with worker(fresh, role, redis.url):
        assert gone(merchant)
        lit(merchant)  # the second ring finds it awake
        assert gone(merchant, patience=20)
        assert comes(lambda: not rung(queue))  # it may have rung for itself once more

    assert rung(queue, bell.TOIL) == []
    assert bell.queue(queue).failed_job_registry.count == 0


@on_sqlite
def test_the_sweeper_finds_what_nobody_rang_for(fresh: Miaofa) -> None:
    merchant = new_merchant_id()
    lit(merchant, 3)

    with worker(fresh, "sweep"):
        assert gone(merchant)


def test_a_drain_that_fails_stops_neither_the_others_nor_the_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    drained: list[str] = []

    def failing(*, seconds: float) -> int:
        drained.append(f"failed within {seconds} s")
        raise LookupError

    monkeypatch.setattr(events, "drain", failing)
    monkeypatch.setattr(events, "drain_urgent", lambda *, seconds: drained.append("urgent"))
    for room in (effects, tasks):
        monkeypatch.setattr(room, "drain", lambda *, seconds, room=room: drained.append(room.__name__))

    with capture_logs() as said:
        worker_program.sweep_once()

    failed = f"failed within {worker_program.SWEEP_SECONDS} s"
    assert drained == ["urgent", failed, "app.kit.effects", "app.kit.tasks"]
    assert [(each["event"], each["log_level"]) for each in said] == [("sweeper.failed", "error")]


def test_the_sweeper_leaves_to_a_worker_what_it_is_at_and_comes_when_it_is_gone(
    queue: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[str] = []
    monkeypatch.setattr(events, "drain_urgent", lambda *, seconds: swept.append("urgent"))
    for room in (events, effects, tasks):
        monkeypatch.setattr(room, "drain", lambda *, seconds, room=room: swept.append(room.__name__))

    bell.heard(bell.EFFECTS)
    worker_program.sweep_once()
    assert swept == ["urgent", "app.kit.tasks"]

    swept.clear()
    queue.delete(bell.BUSY)  # as it goes by itself, some seconds after a worker was last heard of
    worker_program.sweep_once()
    assert swept == ["urgent", "app.kit.events", "app.kit.effects", "app.kit.tasks"]


@on_sqlite
def test_a_job_takes_no_longer_than_its_share_and_asks_for_another(
    app: Miaofa, queue: Client, merchant: int, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_program, "application", lambda: app)
    sent(merchant, 3)
    queue.flushall()

    with monkeypatch.context() as hurried:
        hurried.setattr(worker_program, "DRAIN_SECONDS", 0)
        worker_program.drain_effects()
    assert [job.func_name for job in bell.queue(queue).jobs] == ["worker.drain_effects"]
    assert office.calls == []

    worker_program.drain_effects()
    assert len(office.calls) == 3


@on_sqlite
def test_every_entry_of_the_bell_is_a_function_of_the_worker(
    app: Miaofa, merchant: int, counter: Counter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_program, "application", lambda: app)
    number = begun(merchant)
    sent(merchant)
    lit(merchant)

    with lamps_wired():
        for entry in (bell.OUTBOX, bell.EFFECTS, bell.TASKS):
            getattr(worker_program, entry)()

    assert len(office.calls) == 1
    assert counted(merchant, number) == 3
    assert waiting(merchant) == {}
