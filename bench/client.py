"""One reader: sends ready-made requests over one connection and times each answer."""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.requests import Request

PATIENCE = 60.0
PIECE = 64 * 1024


@dataclass
class Run:
    """What came of sending requests: the time of each right answer, and the wrong answers."""

    laps: list[float] = field(default_factory=list)  # seconds
    wrong: list[str] = field(default_factory=list)

    def check(self) -> "Run":
        """Return itself; raises when an answer was not the expected one, since then the figure means nothing."""
        if self.wrong or not self.laps:
            first = self.wrong[0] if self.wrong else "there was none"
            raise RuntimeError(f"{len(self.wrong)} wrong answers beside {len(self.laps)} right ones, such as: {first}")
        return self


def send(port: int, requests: Sequence[Request]) -> Run:
    """Send requests one after another and time each answer."""
    run = Run()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            raw, start = request.raw(), time.monotonic()
            line.sendall(raw)
            answer = _answer(line)
            if answer[9:12] == str(request.expect).encode():
                run.laps.append(time.monotonic() - start)
            else:
                run.wrong.append(answer[:300].decode("utf-8", "replace"))
    return run


def _answer(line: socket.socket) -> bytes:
    """Read one whole answer; ours always tell their length."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += _more(line)
    head, _, _ = read.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(read) < len(head) + 4 + length:
        read += _more(line)
    return read


def _more(line: socket.socket) -> bytes:
    piece = line.recv(PIECE)
    if not piece:
        raise ConnectionError("The shop hung up in the middle of an answer.")
    return piece
