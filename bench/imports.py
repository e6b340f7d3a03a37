"""How fast a file of codes gets in: the command, as a shopkeeper runs it, in a process of its own."""

import json
import resource
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.cpu import Meter
from bench.figures import Figure, figure
from bench.stage import SLUG, Stage

LEAST = 5000  # codes a second
MOST_MB = 200
GLANCE = 0.02


def measure(stage: Stage) -> Figure:
    """Import a file of fresh codes and return the figure; the shop is stocked afterwards."""
    bare = stage.floor("intake")
    file = write_file(stage.folder / "codes.csv", stage.size.codes)
    command = ["codes", "import", stage.shop.sku, str(file), "--shop", SLUG, "--cost", "10.00"]
    meter, began = Meter().start(), time.perf_counter()
    said, peak = run(stage, command)
    seconds = time.perf_counter() - began
    meter.stop()
    if said["imported"] != stage.size.codes or said["total"] != stage.size.codes:
        raise RuntimeError(f"{stage.size.codes} codes went in, and the import says {said}")
    value = said["imported"] / seconds
    return figure(
        "import",
        engine=stage.engine,
        value=value,
        unit="codes/s",
        floor=bare["value"],
        bar=LEAST,
        met=value >= LEAST and peak <= MOST_MB,
        peak_rss_mb=round(peak, 1),
        bar_rss_mb=MOST_MB,
        codes=said["imported"],
        seconds=round(seconds, 2),
        neighbours=meter.neighbours,
    )


def write_file(file: Path, codes: int) -> Path:
    """Write codes of 16 letters, one a line, all different."""
    fresh: set[str] = set()
    while len(fresh) < codes:
        fresh.add(secrets.token_hex(8).upper())
    file.write_text("code\n" + "\n".join(fresh) + "\n")
    return file


def run(stage: Stage, command: list[str]) -> tuple[dict[str, Any], float]:
    """Run a command of the shop and return what it said and its largest memory in MB."""
    line = ("-m", "flask", "--app", "wsgi", *command)
    with stage.python(*line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        peak = watch(process)
        printed = process.communicate()[0].decode()
    if process.returncode:
        raise RuntimeError(f"`flask {' '.join(command)}` failed:\n{printed}")
    return json.loads(printed.splitlines()[-1]), peak


def watch(process: "subprocess.Popen[bytes]") -> float:
    """Wait for the end of a process and return its largest memory in MB."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, _peak_kb(process.pid))
        time.sleep(GLANCE)
    if peak:
        return peak / 1024
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of all our children, so too large at worst
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _peak_kb(pid: int) -> int:
    """Return the high-water mark of a living process; rusage would count what it inherited from us."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
