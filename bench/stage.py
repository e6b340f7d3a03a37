"""The stage: one fresh installation on one engine, stocked and served as `make run` serves it."""

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from flask_migrate import upgrade
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app import create_app
from app.kit import db
from app.settings import Settings
from deploy import redis
from deploy.group import Leash
from tests.engines import Postgres
from tests.make import Shop, make_shop

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("sqlite", "postgresql")
SLUG = "bench"
PATIENCE = 60.0
Floor = dict[str, float]
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")  # all else of the environment could change what is measured


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    codes: int
    seconds: float  # of each load
    pages: int  # of each view
    rounds: int = 3  # of loads; the first at every number of connections
    profiled: int = 400  # requests
    pools: tuple[int, int] = (10_000, 1_000_000)  # codes
    pairs: int = 15  # of runs in both pools
    mails: int = 2_000
    queued_mails: int = 20_000
    texts: int = 1_500  # messages by SMS
    told: int = 100  # sales whose letters are waited for
    queues: tuple[int, ...] = (50_000, 100_000)  # letters of a busy shop beside them
    home_codes: int = 1_000_000
    listed: int = 1_000_000
    redeemed: int = 2_000  # one by one
    bulk_rows: int = 10_000
    scanned: int = 12_000  # over HTTP, in all loads together
    exported: int = 100_000  # rows
    noticed: int = 300  # notices of each gateway
    confirmed: int = 60  # notices that only make us ask
    storm: float = 60.0  # seconds


class Stage:
    """Lives until its block ends, and leaves no process and no file."""

    def __init__(self, engine: str, size: Size, **env: str) -> None:
        self.engine, self.size, self._more = engine, size, env
        self.port = redis.free_port()
        self.cluster: Postgres | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as exits:
            self.folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="mf-bench-")))
            self.leash = exits.enter_context(contextlib.closing(Leash()))
            self.env = self._environment(*self._databases(exits))
            self.shop = self._open_shop(exits)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._exits.close()

    @contextlib.contextmanager
    def python(self, *arguments: str, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
        """Run Python in the environment of the shop; nothing of it outlives the block, or us."""
        process = self.leash.start([sys.executable, *arguments], env=self.env, cwd=ROOT, **options)
        try:
            yield process
        finally:
            self.leash.end([process])

    def floor(self, step: str, *, seconds: float = 0.0, clients: int = 1) -> Floor:
        """Return `value` a second and the percentiles of the floor of a step."""
        told = (self.floor_url, step, f"--seconds={seconds}", f"--clients={clients}")
        with self.python("-m", "bench.floor", *told, stdout=subprocess.PIPE) as process:
            printed, _ = process.communicate(timeout=seconds + PATIENCE)
        if process.returncode:
            raise RuntimeError(f"The floor of {step} broke; its words are above.")
        said: Floor = json.loads(printed)
        return said

    def tidy(self) -> None:
        """Let the engine take its statistics, as it does by itself in a shop that is older than a minute."""
        engine = create_engine(self.env["DATABASE_OWNER_URL"], isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE" if self.engine == "postgresql" else "ANALYZE")

    def rest(self) -> None:
        """Let PostgreSQL write down what a filling left in its memory, so that no claim pays for that."""
        if self.cluster:
            engine = create_engine(self.cluster.superuser, isolation_level="AUTOCOMMIT", poolclass=NullPool)
            with engine.connect() as connection:
                connection.exec_driver_sql("CHECKPOINT")

    def serve(self) -> None:
        """Start web, worker, sweeper and Redis, and wait until they are ready."""
        log = self.folder / "served.log"
        with log.open("wb") as out:
            process = self._exits.enter_context(self.python("-m", "deploy.local", stdout=out, stderr=out))
        until = time.monotonic() + PATIENCE
        while not self._is_ready():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The shop did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def annex(self, name: str) -> tuple[Shop, str]:
        """Open another shop in a database of its own, and return it with the owner's URL."""
        url = owner_url = f"sqlite:///{self.folder / name}.db"
        if self.cluster:
            url, owner_url = self.cluster.create_database(name)
        env = self.env | {"DATABASE_URL": url, "DATABASE_OWNER_URL": owner_url, "INSTANCE": str(self.folder / name)}
        app = create_app(Settings.from_env(env | {"LOG_LEVEL": "WARNING"}))
        with app.app_context():
            upgrade()
            self._exits.callback(db.engine().dispose)
            return make_shop(app, slug=name), owner_url

    def _databases(self, exits: contextlib.ExitStack) -> tuple[str, str]:
        """Make the shop's database and the floor's, and return the shop's URLs for the app and for the owner."""
        if self.engine == "sqlite":
            self.floor_url = f"sqlite:///{self.folder / 'floor.db'}"
            url = f"sqlite:///{self.folder / 'instance' / 'miaofa.db'}"
            return url, url
        self.cluster = exits.enter_context(Postgres(durable=True))
        _, self.floor_url = self.cluster.create_database("bench_floor")
        return self.cluster.create_database("bench")

    def _environment(self, url: str, owner_url: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return kept | {
            "DATABASE_URL": url,
            "DATABASE_OWNER_URL": owner_url,
            "DEMO": "0",
            "INSTANCE": str(self.folder / "instance"),
            "MASTER_KEYS": secrets.token_hex(32),
            "PORT": str(self.port),
            "SECRET_KEYS": secrets.token_hex(32),
            **self._more,
        }

    def _open_shop(self, exits: contextlib.ExitStack) -> Shop:
        app = create_app(Settings.from_env(self.env | {"LOG_LEVEL": "WARNING"}))
        exits.enter_context(app.app_context())
        exits.callback(lambda: db.engine().dispose())
        upgrade()
        return make_shop(app, slug=SLUG)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
