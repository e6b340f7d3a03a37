"""`python -m bench.steady PORT FILE AT`: sends requests of a file each at its moment, and prints what came of them.

Whoever sends waits for nobody: a request goes out when it is due, over a connection that is idle or a new one, and its
time counts from when it was due. AT is when the first moment is, in seconds since 1970.
"""

import argparse
import asyncio
import gc
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import percentile_ms
from bench.requests import Request

PATIENCE = 30.0
MOST_LINES = 200  # connections; who finds all of them busy waits, and that counts as well
KEPT = 20.0  # seconds that a connection lies idle at most, as gateways keep them; the web closes them later by itself
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Due:
    """A request as it goes over the wire: when, of which kind, and what a right answer is."""

    at: float
    kind: str
    raw: bytes
    expect: int
    says: str


@dataclass
class Player:
    """Sends, and notes the seconds of right answers by kind, and wrong answers."""

    port: int
    laps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)  # seconds: how late we were ourselves
    idle: list[tuple[float, Line]] = field(default_factory=list)
    lines: int = 0
    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_LINES))

    async def play(self, sent: Sequence[Due], at: float) -> None:
        """Send everything and wait for all answers."""
        began = time.monotonic() + at - time.time()
        async with asyncio.TaskGroup() as group:
            for due in sent:
                if (wait := began + due.at - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                self.behind.append(time.monotonic() - began - due.at)
                group.create_task(self.send(due, began + due.at))

    async def send(self, due: Due, moment: float) -> None:
        try:
            async with self.free, asyncio.timeout(PATIENCE):
                answer = await self.exchange(due.raw)
        except (OSError, EOFError, TimeoutError) as error:
            answer = f"{due.kind}: {error!r}".encode()
        if answer[9:12] == str(due.expect).encode() and due.says.encode() in answer:
            self.laps[due.kind].append(time.monotonic() - moment)
        else:
            self.wrong.append(f"{due.kind}: {answer[:300].decode('utf-8', 'replace')}")

    async def exchange(self, raw: bytes) -> bytes:
        """Send one request and return its whole answer; ours always tell their length."""
        reader, writer = self.find_idle() or await self.connect()
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        self.idle.append((time.monotonic(), (reader, writer)))
        return head + body

    def find_idle(self) -> Line | None:
        """Return the connection that was used last, if that is not too long ago."""
        moment, line = self.idle.pop() if self.idle else (0.0, None)
        if line and moment < time.monotonic() - KEPT:
            self.idle.clear()  # all others are older still
            return None
        return line

    async def connect(self) -> Line:
        self.lines += 1
        return await asyncio.open_connection("127.0.0.1", self.port)

    @property
    def told(self) -> dict[str, Any]:
        """Return what came of it."""
        found = {
            kind: {
                "answered": len(laps),
                "p50_ms": percentile_ms(laps, 0.5),
                "p99_ms": percentile_ms(laps, 0.99),
                "most_ms": percentile_ms(laps, 1),
            }
            for kind, laps in self.laps.items()
        }
        every = {"wrong": len(self.wrong), "first_wrong": self.wrong[0] if self.wrong else "", "lines": self.lines}
        return every | {"behind_p99_ms": percentile_ms(self.behind, 0.99), "kinds": found}


def write(file: Path, sent: Sequence[tuple[float, str, Request]]) -> None:
    """Write requests as they are read here, in the order of their moments."""
    with file.open("wb") as out:
        for at, kind, request in sorted(sent, key=lambda each: each[0]):
            raw = request.raw()
            head = {"at": at, "kind": kind, "expect": request.expect, "says": request.says, "length": len(raw)}
            out.write(json.dumps(head).encode() + b"\n" + raw)


def read(file: Path) -> list[Due]:
    found = []
    with file.open("rb") as text:
        while line := text.readline():
            head = json.loads(line)
            raw = text.read(head.pop("length"))
            found.append(Due(raw=raw, **head))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("at", type=float)
    asked = parser.parse_args()
    player, sent = Player(asked.port), read(asked.file)
    gc.disable()
    asyncio.run(player.play(sent, asked.at))
    print(json.dumps(player.told))


if __name__ == "__main__":
    main()
