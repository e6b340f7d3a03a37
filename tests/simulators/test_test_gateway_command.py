"""The test gateway as a program: options, secret, end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulators.till import ROOT, SECRET, Shop, Till


@contextmanager
def running(*more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command and its address; it does not outlive the test, whatever becomes of it."""
    command = [sys.executable, "-m", "simulators.test_gateway", "--port", "0", *more]
    environment = os.environ | {"TEST_GATEWAY_SECRET": SECRET}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process, process.stdout.readline().split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_and_ends_cleanly(shop: Shop, end: signal.Signals) -> None:
    with running() as (process, address):
        till = Till(address, shop)

        assert till.pay(till.open()).status == 303
        shop.told()

        process.send_signal(end)
        assert process.wait(30) == 0


def test_the_command_may_start_ill(shop: Shop) -> None:
    with running("--fault", "down:times=1") as (_, address):
        till = Till(address, shop)

        assert [till.open().status for _ in range(2)] == [503, 200]


def test_without_a_secret_the_command_says_how_to_mend_it() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEST_GATEWAY")}
    command = [sys.executable, "-m", "simulators.test_gateway", "--port", "0"]

    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 1
    assert "TEST_GATEWAY_SECRET" in ended.stderr


def test_the_secret_may_come_from_a_file_and_the_port_may_be_taken(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    taken = str(shop.server.server_port)
    command = [sys.executable, "-m", "simulators.test_gateway", "--port", taken]
    environment = os.environ | {"TEST_GATEWAY_SECRET_FILE": str(tmp_path / "secret")}

    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode != 0
    assert taken in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_gateway_never_imports_the_shop() -> None:
    command = [
        sys.executable,
        "-c",
        "import simulators.test_gateway.__main__, sys; print([m for m in sys.modules if m.split('.')[0] == 'app'])",
    ]

    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"
