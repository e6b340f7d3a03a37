"""One process of the load: sends ready-made requests over keep-alive connections and times each answer.

A request is raw HTTP/1.1 text, made before the clock starts, so that asking costs little beside answering.
"""

import json
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PATIENCE = 60.0
PIECE = 64 * 1024


@dataclass
class Run:
    """What came of sending requests: the time of each right answer, the wrong answers, when it was."""

    laps: list[float] = field(default_factory=list)  # seconds
    wrong: list[str] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0  # seconds of our own

    @property
    def rate(self) -> float:
        """Right answers in a second."""
        return len(self.laps) / (self.ended - self.began) if self.laps else 0.0

    def check(self) -> "Run":
        """Return itself; raises when an answer was not the expected one, since then the figure means nothing."""
        if self.wrong or not self.laps:
            first = self.wrong[0] if self.wrong else "there was none"
            raise RuntimeError(f"{len(self.wrong)} wrong answers beside {len(self.laps)} right ones, such as: {first}")
        return self


def request(method: str, path: str, *, headers: Mapping[str, str], form: Any = None, body: bytes = b"") -> str:
    """Return a request as it goes over the wire."""
    lines = {"Host": "127.0.0.1"} | dict(headers)
    if form is not None:
        body = urlencode(form).encode()
        lines["Content-Type"] = "application/x-www-form-urlencoded"
    if method == "POST":
        lines["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n{body.decode()}"


def send(port: int, requests: Sequence[str], *, expect: int, seconds: float = 60.0) -> Run:
    """Send requests over one connection, one after another, and time each answer."""
    run = Run(began=time.time())
    until = time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for text in requests:
            start = time.monotonic()
            if start > until:
                break
            line.sendall(text.encode())
            answer = _answer(line)
            if answer[9:12] == str(expect).encode():
                run.laps.append(time.monotonic() - start)
            else:
                run.wrong.append(answer[:300].decode("utf-8", "replace"))
    run.ended = time.time()
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


def together(runs: Sequence[Run]) -> Run:
    """Return runs that went side by side as one."""
    return Run(
        laps=[lap for run in runs for lap in run.laps],
        wrong=[answer for run in runs for answer in run.wrong],
        began=min(run.began for run in runs),
        ended=max(run.ended for run in runs),
        cpu=sum(run.cpu for run in runs),
    )


def main(path: str) -> None:
    """Be one of the processes: read what to do, say that we are ready, wait for the word, send, tell."""
    told = json.loads(Path(path).read_text())
    connections = told.pop("connections")
    print("ready", flush=True)
    if not sys.stdin.readline():
        return  # whoever started us is gone
    before = time.process_time()
    with ThreadPoolExecutor(len(connections)) as threads:
        runs = list(threads.map(lambda requests: send(requests=requests, **told), connections))
    run = together(runs)
    run.cpu = time.process_time() - before
    print(json.dumps(asdict(run)))


if __name__ == "__main__":
    main(sys.argv[1])
