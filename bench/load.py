"""The load: wrk plays requests that were made beforehand, each once."""

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.requests import Request
from bench.stage import Stage

SCRIPT = Path(__file__).with_name("load.lua")
THREADS = 2
PATIENCE = 60
QUIET = 0.3  # seconds for the answers that nobody waits for any more
MISSING = "make bench needs wrk, which makes the load. Install it: apt-get install wrk, or brew install wrk on macOS."


@dataclass(frozen=True)
class Run:
    """What came of a load; `wrong` counts answers of another status and connections that broke."""

    answered: int
    wrong: int
    first_wrong: str
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Right answers in a second."""
        return max(0, self.answered - self.wrong) / self.seconds


def find_wrk() -> str | None:
    return shutil.which("wrk")


def fire(stage: Stage, sent: Sequence[Request], *, connections: int, seconds: float) -> Run:
    """Send requests over so many connections for that long, or until they run out."""
    threads = min(THREADS, connections)
    files = stage.folder / "load-"
    for number in range(threads):
        write(Path(f"{files}{number + 1}"), sent[number::threads])
    size = (f"-t{threads}", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={PATIENCE}s")
    address = f"http://127.0.0.1:{stage.port}"
    command = ["wrk", *size, "-s", str(SCRIPT), address, "--", str(files), str(sent[0].expect)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 2 * PATIENCE, check=False)
    if done.returncode:
        raise RuntimeError(f"wrk failed:\n{done.stdout}{done.stderr}")
    time.sleep(QUIET)
    return told(json.loads(done.stdout.splitlines()[-1]))


def told(said: dict[str, float | str]) -> Run:
    """Return what the script said; connections that broke count among the wrong answers."""
    wrong, lost = int(said["wrong"]), int(said["lost"])
    first = str(said["first"]) or ("a connection broke" if lost else "")
    times = float(said["seconds"]), float(said["p50_ms"]), float(said["p99_ms"])
    return Run(int(said["answered"]), wrong + lost, first, *times)


def write(file: Path, sent: Sequence[Request]) -> None:
    """Write requests as the script reads them: the length, then the request as it goes over the wire."""
    with file.open("wb") as out:
        for request in sent:
            raw = request.raw()
            out.write(b"%d\n%b" % (len(raw), raw))
