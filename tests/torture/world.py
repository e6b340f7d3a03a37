"""The world a story happens in: one installation on one engine, its gateway, and a clock moved by hand."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.torture.gateway import Bank
from tests.torture.wire import Wire

ROOT = Path(__file__).resolve().parents[2]
MOMENT = timedelta(milliseconds=1)
HORIZON, DAY = timedelta(days=9), timedelta(days=1)
MOST_ROUNDS = 300


class Died(Exception):
    """The process that was asked died at its failpoint before it answered."""


class Restless(AssertionError):
    """The shop always finds something more to do at once."""


class World:
    """One installation; ends with its block."""

    def __init__(self, folder: Path, url: str, owner_url: str) -> None:
        self.now = datetime.now(UTC)
        self.engine = url.split(":")[0].split("+")[0]
        self.bank = Bank(lambda: self.now)
        self.wire, theirs = Wire.pair()
        self.log = folder / "log.txt"
        with self.log.open("wb") as log:
            self.zygote = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.zygote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        theirs.close()
        self.wire.say(folder=folder, url=url, owner_url=owner_url, gateway=self.bank.url)
        if not self.wire.hear():
            raise AssertionError(f"the installation did not start:\n{self.log.read_text()}")
        self._forget_warming_up()

    def _forget_warming_up(self) -> None:
        """Let what was sold to warm up come to its end, so that a story's sweeps find that story alone."""
        self.now += timedelta(hours=2)
        with Run(self) as run:
            run.settle()

    def close(self) -> None:
        self.wire.close()
        self.zygote.wait(30)
        self.bank.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Life:
    """One process of the installation, from its fork to its end; its acts are called by their names."""

    def __init__(self, world: World) -> None:
        self.world, self.alive, self.last_words = world, True, ""
        world.wire.say(be="born")

    def __getattr__(self, act: str) -> Callable[..., Any]:
        return partial(self.act, act)

    def act(self, act: str, **words: Any) -> Any:
        """Have something done and return its answer; raises Died, or whatever the act raised as an AssertionError."""
        if not self.alive:
            raise Died(self.last_words)
        self.world.wire.say(act=act, words=words, now=self.world.now)
        said = self.world.wire.hear()
        if "dying" in said:
            self.last_words = said["dying"]
            said = self.world.wire.hear()
        if "now" not in said:
            self.alive = False
            if said.get("ended") == -9 and self.last_words:
                raise Died(self.last_words)
            raise AssertionError(f"a process ended by itself: {said}\n{self.world.log.read_text()[-4000:]}")
        self.world.now = max(self.world.now, datetime.fromisoformat(said["now"]))
        if "raised" in said:
            raise AssertionError(said["raised"])
        return said["answer"]

    def end(self) -> None:
        """Let the process go."""
        if self.alive:
            self.alive = False
            self.world.wire.say(act="go")
            self.world.wire.hear()


class Run:
    """One telling of a story in a shop of its own; within its block there is always a process to ask."""

    def __init__(self, world: World) -> None:
        self.world, self.bank = world, world.bank
        self.bank.reset()
        self.life = Life(world)
        self.shop: dict[str, str] = self.life.open_shop()
        self.accounts = [self.shop["slug"]]  # at the gateway

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.life.close_down()
        self.life.end()

    def reborn(self) -> None:
        """Let another process take over."""
        self.life.end()
        self.life = Life(self.world)
        self.life.know(**self.shop)

    def pass_time(self, **time: float) -> None:
        """Let nothing happen for a while."""
        self.world.now += timedelta(**time)

    def bring_letters(self) -> None:
        """Bring the notices that are due; what dies on the way is brought again, as gateways do."""
        while letter := self.bank.post.take():
            now = self.world.now.timestamp()
            path, body = urlsplit(letter.notice.url).path, letter.notice.body.decode()
            accepted = False
            try:
                accepted = self.life.notice(path=path, body=body, headers=letter.headers(now))
            finally:
                if not accepted:
                    self.bank.post.refused(letter)

    def sweep(self) -> None:
        """Let the sweeper come by until nothing is due now."""
        for _ in range(MOST_ROUNDS):
            due = self.life.sweep()
            if due is None or datetime.fromisoformat(due) > self.world.now:
                return
        raise Restless(self.tail())

    def settle(self, until: timedelta = HORIZON) -> None:
        """Let time pass, from one thing due to the next, until nothing is left to do."""
        horizon = self.world.now + until
        for _ in range(MOST_ROUNDS):
            self.bring_letters()
            due = self.life.sweep()
            moments = [datetime.fromisoformat(due)] if due else []
            if (letter := self.bank.post.next_at) is not None:
                moments.append(datetime.fromtimestamp(letter, UTC))
            if not moments or min(moments) > horizon:
                break
            self.world.now = max(self.world.now, min(moments) + MOMENT)
        else:
            raise Restless(self.tail())
        if until > DAY:
            self.world.now += DAY
            self.sweep()  # what is done each day

    def faults(self) -> list[str]:
        """Return what the reckoning finds."""
        found: list[str] = self.life.reckon(kept=self.kept())
        return found

    def kept(self) -> dict[str, int]:
        """Return the shop's money at the gateway, of all its accounts, by trade number."""
        kept = Counter[str]()
        for account in self.accounts:
            kept.update(self.bank.kept(account))
        return dict(kept)

    def words(self) -> Sequence[str]:
        """Return the shop's words for its orders, in the order of their placing."""
        words: dict[str, str] = self.life.words()
        return [words[number] for number in sorted(words)]

    def tail(self) -> str:
        """Return what a person needs to understand a failure."""
        return "\n".join([*self.life.happened(), self.world.log.read_text()[-3000:]])
