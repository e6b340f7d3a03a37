"""The parts of an installation as processes of their own, which die by SIGKILL and are started again."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from deploy.group import Leash
from tests.torture.world import ROOT


class Parts:
    """Runs them until the block ends; the words of each go to a file of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._commands: dict[str, tuple[Sequence[str], Mapping[str, str]]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._leash = Leash()
        return self

    def __exit__(self, *error: object) -> None:
        self._leash.end(self._running.values())
        self._leash.close()

    def add(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._commands[name] = command, env
        self.start(name)

    def start(self, name: str) -> None:
        command, env = self._commands[name]
        with (self.folder / f"{name}.txt").open("ab") as log:
            self._running[name] = self._leash.start(command, cwd=ROOT, env=env, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """End one at once and without a word, with all it has started."""
        self._leash.end([self._running.pop(name)], signal.SIGKILL)

    @property
    def words(self) -> str:
        """Return the last that each has said."""
        files = sorted(self.folder.glob("*.txt"))
        return "\n".join(f"== {file.stem}\n{file.read_text(errors='replace')[-2000:]}" for file in files)
