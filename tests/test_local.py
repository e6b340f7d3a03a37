"""`make run`: one command starts the whole shop, one signal ends it, and the data stays."""

import http.client
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from deploy import place, redis

ROOT = Path(__file__).parent.parent
PATIENCE = 90


@pytest.fixture(scope="module")
def place_to_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    env = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return env | {
        "DEMO": "1",
        "INSTANCE": str(folder / "instance"),
        "PORT": str(redis.free_port()),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


@pytest.fixture(scope="module")
def first_run(place_to_run):
    """One whole run, from the start to a SIGTERM: what it printed, what it served, how it ended."""
    with running(place_to_run) as run:
        run.healthy = get(place_to_run["PORT"], "/healthz")
        run.second = start(place_to_run | {"PORT": str(redis.free_port())}).communicate(timeout=30)[0]
        run.codes = count_codes(place_to_run)
    return run


def test_it_says_where_the_shop_is_and_how_to_sign_in(first_run, place_to_run):
    assert f"http://127.0.0.1:{place_to_run['PORT']}/" in first_run.printed
    assert "演示账号 Demo logins\n    " in first_run.printed


def test_it_serves(first_run):
    assert first_run.healthy == 200


def test_it_ends_cleanly_and_leaves_nothing_behind(first_run, place_to_run):
    assert first_run.process.returncode == 0
    assert not place.why_not("127.0.0.1", int(place_to_run["PORT"]))
    assert not redis.answers(f"unix://{place_to_run['INSTANCE']}/redis/redis.sock")
    with place.locked(Path(place_to_run["INSTANCE"])):
        assert not processes_of(place_to_run)


def test_a_second_one_in_the_same_folder_is_refused(first_run):
    assert "another run" in first_run.second
    assert "make run INSTANCE=other" in first_run.second


def test_a_second_run_keeps_the_data_and_survives_kill_9(first_run, place_to_run):
    with running(place_to_run, end=signal.SIGKILL):
        assert count_codes(place_to_run) == first_run.codes > 0

    until = time.monotonic() + PATIENCE
    while processes_of(place_to_run) and time.monotonic() < until:
        time.sleep(0.1)
    assert not processes_of(place_to_run)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"HOST": "0.0.0.0"}, "Unset HOST, or set DEMO=0."),
        ({"PORT": "99999"}, "Give a whole number from 1 to 65535."),
        ({"SECRET_KEYS": "short"}, "SECRET_KEYS holds a key that is too short"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_sentence(place_to_run, tmp_path, wrong, words):
    process = start(place_to_run | {"INSTANCE": str(tmp_path)} | wrong)

    printed, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert words in printed
    assert printed.count("\n") == 1


class Run:
    """One start of everything, and what it printed."""

    def __init__(self, env):
        self.log = Path(env["INSTANCE"]).with_suffix(".log")
        self.process = start(env, self.log.open("w"))

    @property
    def printed(self):
        return self.log.read_text("utf-8")

    def wait_until_ready(self):
        until = time.monotonic() + PATIENCE
        while "Miaofa is ready" not in self.printed:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < until, self.printed
            time.sleep(0.1)


@contextmanager
def running(env, end=signal.SIGTERM):
    run = Run(env)
    try:
        run.wait_until_ready()
        yield run
    finally:
        run.process.send_signal(end)
        run.process.wait(PATIENCE)


def start(env, out=subprocess.PIPE):
    command = [sys.executable, "-m", "deploy.local"]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, text=True)


def get(port, path):
    with closing(http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


def count_codes(env):
    with closing(sqlite3.connect(Path(env["INSTANCE"]) / "miaofa.db")) as database:
        return database.execute("SELECT count(*) FROM code").fetchone()[0]


def processes_of(env):
    """List the processes that were started with this run's folder in their environment or on their command line."""
    listed = subprocess.run(["ps", "axeww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if env["INSTANCE"] in line and " ps axeww" not in line]
