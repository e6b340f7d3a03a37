"""A whole installation in processes of its own, as `make run` starts it: web, worker, sweeper, Redis, test gateway."""

import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from deploy import redis

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90.0


class Installation:
    """Runs until the block ends; its log, state and temporary files lie under `folder`."""

    def __init__(self, folder: Path, *, urls: tuple[str, str] | None = None, simulators: str = "") -> None:
        self.folder = folder
        self.port = redis.free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log.txt"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.env = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "CHROMIUM"}}
        self.env |= {
            "DEMO": "1",
            "HOME": str(folder),
            "INSTANCE": str(folder / "instance"),
            "PORT": str(self.port),
            "TMPDIR": str(self.temporary),
            "LOG_LEVEL": "DEBUG",
            "SIMULATORS": simulators,
        }
        if urls:
            self.env |= {"DATABASE_URL": urls[0], "DATABASE_OWNER_URL": urls[1]}

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local"], cwd=ROOT, env=self.env, stdout=log, stderr=log
            )
        until = time.monotonic() + PATIENCE
        while "Demo logins" not in self.printed:
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the installation did not start:\n{self.printed}")
            time.sleep(0.1)
        return self

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    @property
    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def flask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one command of this installation, beside what is running."""
        line = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
        return subprocess.run(line, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def status(self, path: str) -> int:
        """Return the status of a GET, without following anything."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().status
