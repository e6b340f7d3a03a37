"""What the machine must grant before anything starts: an address, a port, the instance folder, a way to be stopped."""

import contextlib
import fcntl
import ipaddress
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from app.settings import Settings

PATIENCE = 12.0  # after kill -9 the leash needs up to `leash.GRACE` seconds to clear up


class CannotStart(SystemExit):
    """What stands in the way, in one sentence that says how to mend it."""


def check_host(host: str, settings: Settings) -> None:
    """Refuse a demo, with its known logins and its play money, that others could reach."""
    if settings.demo and not is_loopback(host):
        raise CannotStart(
            f"miaofa: DEMO=1 would open the demo logins to others on HOST={host}. Unset HOST, or set DEMO=0."
        )


def is_loopback(host: str) -> bool:
    """Answer whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_port(host: str, port: int) -> None:
    """Refuse a port that somebody listens on, or an address that is not ours."""
    if not (wrong := why_not(host, port)):
        return
    other = port + 10 if port < 65000 else 8000
    mend = f"End what listens there, or choose another: make run PORT={other}."
    raise CannotStart(f"miaofa: cannot listen on {host}:{port} ({wrong}). {mend}")


def why_not(host: str, port: int) -> str:
    """Say why nothing can listen at `host:port`; empty when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is free
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


@contextlib.contextmanager
def signals() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into a question: shall we stop?"""
    received: list[int] = []
    parent = os.getppid()
    under_make = "MAKELEVEL" in os.environ  # a make killed with -9 cannot tell us, but we get another parent
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means: stay
            signal.signal(number, lambda number, frame: received.append(number))
    yield lambda: bool(received) or (under_make and os.getppid() != parent)


@contextlib.contextmanager
def locked(instance: Path) -> Iterator[int]:
    """Hold the instance folder for one run, and give the lock's file number."""
    instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (instance / "run.lock").open("a+") as file:
        until = time.monotonic() + PATIENCE
        while not try_lock(file.fileno()):
            if is_running(holder(file)) or time.monotonic() > until:
                mend = "End it first, or give this one a folder of its own: make run INSTANCE=other."
                raise CannotStart(f"miaofa: another run (process {holder(file)}) uses the folder {instance}. {mend}")
            time.sleep(0.1)
        sign(file)
        yield file.fileno()


def try_lock(file: int) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder(file: TextIO) -> int:
    """Return the process that took the lock; what it left running may hold it a little longer."""
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else 0


def sign(file: TextIO) -> None:
    """Write down who holds the lock."""
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()


def is_running(pid: int) -> bool:
    """Answer whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
