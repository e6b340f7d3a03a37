"""Where processor time goes: looks at the stack of the main thread each few milliseconds of processor time used.

Waiting costs nothing here, and the looking itself next to nothing, unlike a profiler that counts each call. A look
belongs to the innermost frame; the standard library's frames belong to whoever called them.
"""

import signal
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
STANDARD = sysconfig.get_path("stdlib")
TICK = 0.001  # of processor time; kernels round it up, to 4 ms mostly
LIBRARIES = {
    "flask": "flask werkzeug flask_wtf flask_login flask_htmx wtforms itsdangerous blinker click",
    "sqlalchemy": "sqlalchemy flask_sqlalchemy",
    "jinja": "jinja2 markupsafe babel flask_babel",
    "driver": "psycopg psycopg_binary psycopg_c",
    "crypto": "cryptography argon2",
    "redis": "redis rq",
    "log": "structlog",
}
ROOM_OF = {package: room for room, packages in LIBRARIES.items() for package in packages.split()}
PARTS = {"orm": "orm", "sql": "sql", "dialects": "sql"}  # objects; making and reading statements; else running them
TO_SQLITE = {"do_execute", "do_executemany", "do_commit", "do_rollback", "do_begin", "do_close"}  # it has no frames
OWN_TO_SQLITE = {"app.kit.sqlite:_begin", "app.kit.sqlite:turn"}


@dataclass(frozen=True)
class Place:
    """A function and the room of the house it is in."""

    room: str
    name: str


@dataclass
class Sampler:
    """Counts, while its block runs, the looks at each place: innermost, and anywhere on the stack."""

    own: Counter[Place] = field(default_factory=Counter)
    through: Counter[Place] = field(default_factory=Counter)
    looks: int = 0
    cpu: float = 0.0  # seconds

    def __enter__(self) -> Self:
        self._places: dict[object, Place | None] = {}
        self._before = signal.signal(signal.SIGPROF, self._look)
        self.cpu -= time.process_time()
        signal.setitimer(signal.ITIMER_PROF, TICK, TICK)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.cpu += time.process_time()
        signal.signal(signal.SIGPROF, self._before)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        places = list(self._stack(frame))
        self.looks += 1
        self.own[places[0] if places else Place("python", "?")] += 1
        self.through.update(set(places))

    def _stack(self, frame: FrameType | None) -> Iterator[Place]:
        """Walk outwards; places are looked up once for each function, since this runs inside what is measured."""
        while frame is not None:
            code = frame.f_code
            if code not in self._places:
                self._places[code] = place_of(code.co_filename, code.co_qualname)
            if place := self._places[code]:
                yield place
            frame = frame.f_back


def place_of(file: str, name: str) -> Place | None:
    """Return where a function is at home; None for the standard library and what runs the measurement."""
    _, found, inside = file.rpartition("/site-packages/")
    if found:
        return _foreign(inside, name)
    if not file.startswith(f"{ROOT}/app/"):
        return None if file.startswith((STANDARD, "<frozen", f"{ROOT}/bench/")) else Place("python", name)
    module = file.removeprefix(f"{ROOT}/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    full = f"{module}:{name}"
    room = module.split(".")[1] if module.count(".") else "web"
    full = full.partition(".<locals>")[0]
    return Place("driver", full) if full in OWN_TO_SQLITE else Place(room, full)


def _foreign(inside: str, name: str) -> Place:
    module = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    package = module.partition(".")[0]
    if module == "sqlalchemy.engine.default" and name.rpartition(".")[2] in TO_SQLITE:
        return Place("driver", f"sqlite via {name}")
    room = ROOM_OF.get(package, "other")
    if room == "sqlalchemy":
        room = f"sqlalchemy {PARTS.get(module.partition('.')[2].partition('.')[0], 'engine')}"
    return Place(room, f"{module}:{name}".replace(".<locals>", ""))
