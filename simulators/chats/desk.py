"""What the simulator remembers: tokens of apps, messages that were taken, consents, and what goes wrong."""

import secrets
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

LIFE = 7200.0
OVERLAP = 300.0  # before the end of a token WeChat gives the next one, and both are good
MINUTE, HOUR = 60.0, 3600.0


class Answer(Exception):
    """A number that is answered in place of zero."""

    def __init__(self, code: int, words: str = "", **more: Any) -> None:
        super().__init__(code)
        self.told = {"errcode": code, "errmsg": words or "simulated", **more}


@dataclass
class Token:
    """One access token of an app."""

    text: str
    app: str
    ends: float


@dataclass
class Login:
    """A code by which an app learns who is before it, once."""

    app: str
    openid: str
    ends: float
    is_used: bool = False


@dataclass
class Mode:
    """Something that goes wrong at a place, so many times (None: until it is taken away)."""

    name: str  # answer | slow | lost | rotate
    at: str = ""
    code: int = 0
    times: int | None = None
    seconds: float = 1.0


@dataclass
class Desk:
    """Everything, changed under one lock; `clock` may be moved by tests."""

    apps: dict[str, str] = field(default_factory=dict)  # an app's name to its secret
    robots: dict[str, str] = field(default_factory=dict)  # a robot's key to its signing secret, or nothing
    clock: Callable[[], float] = time.time
    fetched: Counter[str] = field(default_factory=Counter)  # how often the token of an app was asked for
    sent: list[dict[str, Any]] = field(default_factory=list)
    fate_after: float = 0.0  # seconds until it is known what became of a work notice
    consents: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)  # by place
    modes: list[Mode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._tokens: dict[str, Token] = {}
        self._current: dict[str, str] = {}
        self._said: dict[str, deque[float]] = defaultdict(deque)
        self._blocked: dict[str, float] = {}
        self._numbers = 1000
        self._logins: dict[str, Login] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody else change anything for the length of a block."""
        with self._lock:
            yield

    # Tokens ----------------------------------------------------------------------------------------------------

    def give(self, app: str, *, early: float = 0.0, anew: bool = False) -> Token:
        """Return the token of an app that is good now; the next one comes `early` seconds before its end."""
        with self._lock:
            self.fetched[app] += 1
            held = self._tokens.get(self._current.get(app, ""))
            if anew or held is None or held.ends - early <= self.clock():
                held = Token(secrets.token_urlsafe(96), app, self.clock() + LIFE)
                self._tokens[held.text] = held
                self._current[app] = held.text
            return held

    def check(self, text: str) -> str:
        """Return the app of a token; 40014 for one that never was or was ended, 42001 for one that is too old."""
        held = self._tokens.get(text)
        if held is None:
            raise Answer(40014, "invalid access_token")
        if held.ends <= self.clock():
            raise Answer(42001, "access_token expired")
        return held.app

    def rotate(self) -> None:
        """End all tokens, as another program does that fetches them the older way."""
        with self._lock:
            self._tokens.clear()
            self._current.clear()

    # Logins ----------------------------------------------------------------------------------------------------

    def log_in(self, app: str, openid: str, seconds: float) -> str:
        """Return a fresh code that names somebody to an app for a time."""
        with self._lock:
            code = secrets.token_urlsafe(24)
            self._logins[code] = Login(app, openid, self.clock() + seconds)
            return code

    def use_login(self, app: str, code: str) -> Login | None:
        """Use a code up and return whom it names to this app as it was before, or None."""
        with self._lock:
            held = self._logins.get(code)
            if held is None or held.app != app or held.ends <= self.clock():
                return None
            before = replace(held)
            held.is_used = True
            return before

    # Messages --------------------------------------------------------------------------------------------------

    def take(self, place: str, **message: Any) -> int:
        """Keep a message and return its number."""
        with self._lock:
            self._numbers += 1
            self.sent.append({"place": place, "number": self._numbers, "at": self.clock(), **message})
            return self._numbers

    def sent_at(self, place: str) -> list[dict[str, Any]]:
        return [message for message in self.sent if message["place"] == place]

    def count_speech(self, robot: str, most: int, *, block: float) -> bool:
        """Count one more message of a robot; tell whether it may speak, or is blocked for a time."""
        now = self.clock()
        with self._lock:
            if self._blocked.get(robot, 0.0) > now:
                return False
            said = self._said[robot]
            while said and said[0] <= now - MINUTE:
                said.popleft()
            if len(said) >= most:
                self._blocked[robot] = now + block
                return False
            said.append(now)
            return True

    # Modes -----------------------------------------------------------------------------------------------------

    def strike(self, name: str, place: str) -> Mode | None:
        """Return what goes wrong here, used up by one time, or None."""
        with self._lock:
            for mode in self.modes:
                if mode.name == name and mode.at in ("", place):
                    if mode.times is not None:
                        mode.times -= 1
                        if mode.times <= 0:
                            self.modes.remove(mode)
                    return mode
        return None

    def ail(self, name: str, at: str = "", **more: Any) -> None:
        """Let one more thing go wrong."""
        with self._lock:
            self.modes.append(Mode(name, at, **more))
