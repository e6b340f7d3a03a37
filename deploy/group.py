"""Processes that belong together: each in a group of its own, restarted when it falls, gone when we are gone."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deploy import leash

GRACE = 10.0
LONGEST_PAUSE = 30.0
SETTLED = 60.0  # a process that lived this long starts with a clean record


class Leash:
    """Starts processes that cannot outlive this one, not even when it is killed with -9."""

    def __init__(self, keep: Iterable[int] = ()) -> None:
        """Files in `keep` (locks) stay open until everything on the leash is gone."""
        command = [sys.executable, "-I", "-S", str(Path(leash.__file__))]
        self._watcher = subprocess.Popen(
            command, stdin=subprocess.PIPE, text=True, start_new_session=True, pass_fds=tuple(keep)
        )

    def start(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Start one process in a group of its own."""
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(command, start_new_session=True, **options)
        self._tell(f"+{process.pid}")
        return process

    def end(self, processes: Iterable["subprocess.Popen[bytes]"], number: int = signal.SIGTERM) -> None:
        """Ask the processes to stop, wait up to `GRACE` seconds, leave nothing of their groups behind."""
        processes = list(processes)
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)
        until = time.monotonic() + GRACE
        for process in processes:
            self._reap(process, until)

    def close(self) -> None:
        """Let go; what is still on the leash ends now."""
        if self._watcher.stdin:
            self._watcher.stdin.close()
        self._watcher.wait()

    def _reap(self, process: "subprocess.Popen[bytes]", until: float) -> None:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            leash.send(process.pid, signal.SIGKILL)
            process.wait()
        leash.send(process.pid, signal.SIGKILL)  # grandchildren that the process left behind
        self._tell(f"-{process.pid}")

    def _tell(self, line: str) -> None:
        stdin: IO[str] | None = self._watcher.stdin
        if stdin and not stdin.closed:
            stdin.write(line + "\n")
            stdin.flush()


@dataclass
class Child:
    """One process of the group, and how often it fell."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    falls: int = 0
    due: float = 0.0


class Group:
    """Keeps its children running until `stop`; the first child started is the last to go."""

    def __init__(self, tether: Leash, folder: Path, say: Callable[[str], None]) -> None:
        self._leash, self._folder, self._say = tether, folder, say
        self._children: list[Child] = []

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a child with the environment as it is now, and keep it running."""
        self._children.append(Child(name, command, dict(env)))
        self._spawn(self._children[-1])

    def tend(self) -> None:
        """Start again what fell; the pause doubles with each fall, up to half a minute."""
        for child in self._children:
            if child.process is None:
                if time.monotonic() >= child.due:
                    self._spawn(child)
            elif child.process.poll() is not None:
                self._record_fall(child, child.process)

    def falls(self, name: str) -> int:
        """Return how often the child fell since it last ran for a minute."""
        return sum(child.falls for child in self._children if child.name == name)

    def stop(self) -> None:
        """End every child: the first one (the store the others lean on) after all others."""
        running = [child.process for child in self._children if child.process]
        self._leash.end(running[1:])
        self._leash.end(running[:1])
        self._children.clear()

    def _record_fall(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        now = time.monotonic()
        child.falls = 1 if now - child.started > SETTLED else child.falls + 1
        pause = min(2.0 ** (child.falls - 1), LONGEST_PAUSE)
        self._leash.end([process])
        self._say(
            f"{child.name} stopped unexpectedly ({describe(process.returncode)}); starting it again in {pause:g} s."
        )
        child.process, child.due = None, now + pause

    def _spawn(self, child: Child) -> None:
        child.process = self._leash.start(child.command, env=child.env, cwd=self._folder)
        child.started = time.monotonic()


def describe(returncode: int) -> str:
    """Say how a process ended, in words."""
    if returncode >= 0:
        return f"exit code {returncode}"
    return signal.Signals(-returncode).name
