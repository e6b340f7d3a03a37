"""The engines that tests stand on, and the group of processes that `make run` is, keep their own promises."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import sync_playwright
from redis import Redis as Client
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from deploy import place, words
from deploy import redis as bundled
from deploy.group import Group, Leash
from tests import engines
from tests.browser import chromium

ROOT = Path(__file__).parent.parent
FOREVER = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
OWNER = f"""
import sys, time
from deploy.group import Leash
leash = Leash()
print(leash.start([sys.executable, "-c", {FOREVER!r}]).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def cluster():
    with engines.Postgres() as cluster:
        yield cluster


@pytest.fixture
def database(cluster):
    urls = cluster.create_database("tooling")
    yield urls
    cluster.drop_database("tooling")


@pytest.fixture
def redis():
    with engines.Redis() as server:
        yield server


@pytest.fixture
def tether():
    tether = Leash()
    yield tether
    tether.close()


@pytest.mark.postgres
def test_the_app_role_can_be_bound_by_row_level_security(database):
    for url, role in zip(database, (engines.APP, engines.OWNER), strict=True):
        rights = ask(
            url, "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )

        assert rights == (role, False, False, False)


@pytest.mark.postgres
def test_the_owner_makes_tables_and_the_app_may_not(database):
    app_url, owner_url = database

    assert ask(owner_url, "CREATE TABLE shelf (id int); SELECT count(*) FROM shelf") == (0,)
    with pytest.raises(ProgrammingError, match="permission denied"):
        ask(app_url, "CREATE TABLE another (id int)")


@pytest.mark.postgres
def test_a_database_can_be_copied_from_a_template(cluster, database):
    ask(database[1], "CREATE TABLE shelf (id int); INSERT INTO shelf VALUES (7); SELECT 1")

    _, copy = cluster.create_database("tooling_copy", template="tooling")

    assert ask(copy, "SELECT id FROM shelf") == (7,)
    cluster.drop_database("tooling_copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(engines.libpq(make_url(copy)))


@pytest.mark.postgres
def test_a_dropped_database_ends_the_sessions_in_it(cluster):
    url, _ = cluster.create_database("tooling_busy")
    with psycopg.connect(engines.libpq(make_url(url))) as connection:
        cluster.drop_database("tooling_busy")

        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


@pytest.mark.postgres
def test_a_server_of_ones_own_takes_the_place_of_ours(cluster):
    given = cluster.superuser.render_as_string(hide_password=False).replace("+psycopg", "")
    with engines.Postgres(url=given) as other:
        url, _ = other.create_database("tooling_given")

        assert ask(url, "SELECT current_user") == (engines.APP,)
        other.drop_database("tooling_given")


@pytest.mark.postgres
def test_a_stopped_cluster_leaves_no_process_and_no_file():
    cluster = engines.Cluster(engines.TUNING)
    assert is_there(cluster.process.pid)

    cluster.stop()

    assert not is_there(cluster.process.pid)
    assert not cluster.folder.exists()


def test_a_stopped_redis_keeps_its_data_and_a_removed_one_leaves_nothing():
    redis = engines.Redis().start()
    remember(redis.url, "alice")

    redis.stop()
    redis.start()

    assert recall(redis.url) == b"alice"
    redis.remove()
    assert not redis.folder.exists()


def test_a_flushed_redis_has_forgotten(redis):
    remember(redis.url, "alice")

    redis.flush()

    assert recall(redis.url) is None


def test_a_folder_whose_name_is_too_long_for_a_socket_is_served_over_a_port(tmp_path, tether):
    command, url = bundled.plan(str(bundled.find_bundled_binary()), tmp_path / ("long" * 25))

    process = tether.start(command)

    assert url.startswith("redis://127.0.0.1:")
    assert eventually(lambda: bundled.answers(url))
    tether.end([process])
    assert not bundled.answers(url)


def test_what_is_on_the_leash_ends_with_its_owner_even_after_kill_9():
    owner = start_owner()
    child = int(owner.stdout.readline())
    assert is_there(child)

    owner.kill()
    owner.wait()

    assert eventually(lambda: not is_there(child))


def test_a_child_that_falls_is_started_again(tether):
    said: list[str] = []
    group = Group(tether, ROOT, said.append)
    group.start("worker", [sys.executable, "-c", "raise SystemExit(3)"], os.environ)

    assert eventually(lambda: falls(group, "worker") == 2)

    assert said[0] == "worker stopped unexpectedly (exit code 3); starting it again in 1 s."
    assert said[1].endswith("in 2 s.")
    group.stop()


def test_a_child_that_does_not_listen_is_killed(tether, monkeypatch):
    monkeypatch.setattr("deploy.group.GRACE", 0.3)
    process = tether.start([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    process.stdout.readline()

    tether.end([process])

    assert process.returncode == -signal.SIGKILL


def test_a_taken_port_is_refused_with_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(place.CannotStart, match=f"cannot listen on 127.0.0.1:{port} .* make run PORT="):
            place.check_port("127.0.0.1", port)


def test_two_runs_never_share_a_folder(tmp_path):
    with place.locked(tmp_path), pytest.raises(place.CannotStart, match="another run"), place.locked(tmp_path):
        pass


@pytest.mark.parametrize(
    ("host", "alone"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_a_demo_is_for_this_machine_only(host, alone):
    assert place.is_loopback(host) is alone


def test_the_logins_of_the_demo_are_shown():
    printed = 'loaded\n{"logins": [{"role": "owner", "email": "alice@demo.test", "office": "/office/demo/"}]}\n'

    shown = words.ready("http://127.0.0.1:8000", "", printed)

    assert "owner   alice@demo.test   http://127.0.0.1:8000/office/demo/" in shown


def test_output_without_logins_is_no_error():
    assert words.find_logins("nothing to say") == []


@pytest.mark.browser
def test_the_browser_starts():
    with sync_playwright() as playwright, chromium.launch(playwright) as browser:
        page = browser.new_page()
        page.set_content("<h1>秒发</h1>")

        assert page.inner_text("h1") == "秒发"


def ask(url, statements):
    engine = create_engine(url)
    with engine.begin() as connection:
        answers = [connection.execute(text(statement)) for statement in statements.split(";")]
        row = answers[-1].first() if answers[-1].returns_rows else None
    engine.dispose()
    return row and tuple(row)


def remember(url, name):
    with Client.from_url(url) as client:
        client.set("name", name)


def recall(url):
    with Client.from_url(url) as client:
        return client.get("name")


def start_owner():
    return subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def is_there(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def falls(group, name):
    group.tend()
    return group.falls(name)


def eventually(true, seconds=10.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False
