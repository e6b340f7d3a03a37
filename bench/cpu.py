"""Processor time from /proc, where there is one: figures that strangers on the machine cannot spoil."""

import os
import resource
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
ROLES = {
    "granian": "web",
    "worker.py": "worker",
    "postgres": "database",
    "valkey-server": "redis",
    "redis-server": "redis",
}


@dataclass
class Meter:
    """Measures what this process and its descendants use between `start` and `stop`."""

    roles: dict[str, float] = field(default_factory=dict)  # seconds
    neighbours: float | None = None  # share of the machine

    def start(self) -> Self:
        self._before = _by_role(), _own(), _machine()
        return self

    def stop(self) -> Self:
        """Take the differences; without /proc there are none."""
        (roles, own, machine), (now, own_now, machine_now) = self._before, (_by_role(), _own(), _machine())
        self.roles = {role: now[role] - roles.get(role, 0.0) for role in now}
        ours = sum(self.roles.values()) + own_now - own
        if machine and machine_now and machine_now[1] > machine[1]:
            busy, total = machine_now[0] - machine[0], machine_now[1] - machine[1]
            self.neighbours = round(max(0.0, busy - ours) / total, 2)
        return self

    def ms_each(self, count: int) -> dict[str, float]:
        """Return the milliseconds that each role used per piece of work."""
        roles = sorted(set(ROLES.values()) & set(self.roles))
        return {role: round(1000 * self.roles[role] / count, 2) for role in roles} if count else {}


def of_role(role: str) -> list[int]:
    """Return the living descendants of this process that play a role themselves or work for one that does."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return [pid for pid in parents if _role(pid, parents) == role]


def _own() -> float:
    """Return what this process and its finished children used."""
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _machine() -> tuple[float, float] | None:
    """Return the seconds that all processors were busy, and all the seconds they had."""
    try:
        ticks = [int(word) for word in (PROC / "stat").read_text().split("\n")[0].split()[1:9]]
    except OSError:
        return None
    return (sum(ticks) - ticks[3] - ticks[4]) / TICKS, sum(ticks) / TICKS


def _by_role() -> dict[str, float]:
    """Add up the living descendants of this process; one of no role of its own counts for its parent's."""
    parents, used = {}, {}
    for folder in PROC.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(folder.name)] = int(fields[1])
        used[int(folder.name)] = sum(map(int, fields[11:15])) / TICKS  # its own, and of its children that ended
    roles: dict[str, float] = {}
    for pid in parents:
        role = _role(pid, parents)
        if role:
            roles[role] = roles.get(role, 0.0) + used[pid]
    return roles


def _role(pid: int, parents: dict[int, int]) -> str:
    """Return the role of the nearest ancestor that has one, "other" for our own rest, "" for strangers."""
    found = ""
    while pid in parents and pid != os.getpid():
        found = found or _own_role(pid)
        pid = parents[pid]
    return (found or "other") if pid == os.getpid() and pid in parents else ""


def _own_role(pid: int) -> str:
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    return next((role for word, role in ROLES.items() if word in words), "")
