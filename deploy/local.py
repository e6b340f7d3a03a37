"""Starts the whole shop on one machine as one foreground group: `make run`.

Redis (unless REDIS_URL names one), migrations, demo, web, worker, sweeper and, with DEMO=1, the test gateway (unless
TEST_GATEWAY_URL names one) and the gateways that SIMULATORS names. Ctrl-C or SIGTERM ends them all; none outlives this
process.
"""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.settings import Settings
from deploy import place, redis, simulators, words
from deploy.group import Group, Leash, describe
from deploy.place import CannotStart

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0  # seconds until Redis, then the web, must answer
TRIES = 5  # falls of either before it ever answered
TICK = 0.05
IDLE = "60000"  # ms, the most it takes: a proxy that keeps a connection longer would send notices into a closed one
TRADES = "demo_trades.jsonl"  # that `demo load` leaves for the gateway


class Stopped(Exception):
    """Somebody asked us to end."""


def main() -> None:
    """Run until somebody ends it; raises CannotStart with a sentence when something stands in the way."""
    settings = Settings.from_env()
    host = os.environ.get("HOST") or "127.0.0.1"
    place.check_host(host, settings)
    with place.signals() as stopping, place.locked(settings.instance) as lock:
        place.check_port(host, settings.port)
        tether = Leash(keep=[lock])
        with contextlib.closing(tether), contextlib.suppress(Stopped):
            Shop(settings, host, tether, stopping).run()


class Shop:
    """One run of everything."""

    def __init__(self, settings: Settings, host: str, tether: Leash, stopping: Callable[[], bool]) -> None:
        self.settings, self.host, self.tether, self.stopping = settings, host, tether, stopping
        self.group = Group(tether, ROOT, say)
        self.env = dict(os.environ) | {
            "DEMO": "1" if settings.demo else "0",
            "INSTANCE": str(settings.instance),
            "PORT": str(settings.port),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self) -> None:
        """Start everything, say where it is, keep it running; ends only by an exception."""
        try:
            self._start()
            while True:
                self._breathe()
        finally:
            say(words.STOPPING)
            self.group.stop()

    def _start(self) -> None:
        if not self.settings.redis_url:
            self._start_redis()
        has_gateway = self.settings.demo and not self._is_given("TEST_GATEWAY_URL")
        port = self._place_gateway() if has_gateway else 0
        gateways = self._place_simulators()
        say(words.MIGRATING)
        self._flask("db", "upgrade")
        demo = self._flask("demo", "load") if self.settings.demo else ""
        if has_gateway:
            self._start_gateway(port)  # after the demo, which leaves word of the trades it knows
        if gateways:
            self._start_simulators(gateways)
        self._start_web()
        self._python("worker", "worker.py", "deliver")
        self._python("toiler", "worker.py", "toil")
        self._python("sweeper", "worker.py", "sweep")
        self._wait(self._web_answers, "web", "Its messages are above.")
        say(words.ready(self.settings.base_url, self.env.get("TEST_GATEWAY_URL", ""), demo, gateways))

    def _start_redis(self) -> None:
        binary = redis.find_binary()
        if not binary:
            raise CannotStart(
                "miaofa: there is no Redis. Install valkey or redis, or set REDIS_URL to a server you have."
            )
        folder = self.settings.instance / "redis"
        command, self.env["REDIS_URL"] = redis.plan(binary, folder)
        self.group.start("redis", command, self.env)
        self._wait(
            lambda: redis.answers(self.env["REDIS_URL"]), "redis", f"Its messages are in {folder / 'redis.log'}."
        )

    def _place_gateway(self) -> int:
        """Let everything know where the gateway is going to be, and return its port."""
        port = self.settings.port + 1
        if port > 65535 or place.why_not("127.0.0.1", port):
            port = redis.free_port()
        self.env["TEST_GATEWAY_URL"] = f"http://127.0.0.1:{port}"
        self.env["TEST_GATEWAY_SECRET"] = self.settings.test_gateway_secret
        return port

    def _place_simulators(self) -> list[simulators.Simulator]:
        """Let everything know where the simulators are going to be; they are for shops that try things out."""
        named = os.environ.get("SIMULATORS", "") if self.settings.demo else ""
        gateways = simulators.wanted(named, self.settings.instance / "simulators")
        if gateways:
            self.env["GATEWAYS"] = simulators.addresses(gateways, self.env)
        return gateways

    def _start_gateway(self, port: int) -> None:
        folder = self.settings.instance
        known = ("--state", str(folder / "gateway.db"), "--paid", str(folder / TRADES))
        self._python("test gateway", "-m", "simulators.test_gateway", "--port", str(port), *known)

    def _start_simulators(self, gateways: list[simulators.Simulator]) -> None:
        """Start them, and connect the demo shop to them with the keys that they have made."""
        for gateway in gateways:
            self._python(f"{gateway.name} simulator", *gateway.command)
        for gateway in gateways:
            answers = partial(self._answers, "127.0.0.1", gateway.port)
            self._wait(answers, f"{gateway.name} simulator", "Its messages are above.")
        self._flask("demo", "connect")

    def _start_web(self) -> None:
        address = ("--host", self.host, "--port", str(self.settings.port))
        size = ("--workers", "2", "--blocking-threads", "12", "--respawn-failed-workers", "--log-level", "warning")
        idle = ("--http1-header-read-timeout", IDLE)
        self._python("web", "-m", "granian", "--interface", "wsgi", "--no-ws", *address, *size, *idle, "wsgi:app")

    def _flask(self, *command: str) -> str:
        """Run one command of the shop to its end and return what it printed."""
        line = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
        process = self.tether.start(line, env=self.env, cwd=ROOT, stdout=subprocess.PIPE)
        try:
            printed = self._read(process)
        finally:
            self.tether.end([process])
        if process.returncode:
            why = f"`flask --app wsgi {' '.join(command)}` failed ({describe(process.returncode)})"
            raise CannotStart(f"{printed}miaofa: {why}. Its message is above; mend that and start again.")
        return printed

    def _read(self, process: "subprocess.Popen[bytes]") -> str:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=TICK)[0].decode()
            self._breathe()

    def _python(self, name: str, *arguments: str) -> None:
        self.group.start(name, [sys.executable, *arguments], self.env)

    def _wait(self, ready: Callable[[], bool], name: str, hint: str) -> None:
        """Wait until one child is ready while all are kept running; raises when it keeps falling or takes too long."""
        until = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > until or self.group.falls(name) >= TRIES:
                raise CannotStart(f"miaofa: {name} does not start. {hint}")
            self._breathe()

    def _breathe(self) -> None:
        """Let a moment pass, restart what fell, and leave when somebody asked us to stop."""
        if self.stopping():
            raise Stopped
        self.group.tend()
        time.sleep(TICK)

    def _web_answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return self._answers(host, self.settings.port)

    def _answers(self, host: str, port: int) -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _is_given(self, name: str) -> bool:
        return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def say(text: str) -> None:
    """Tell the person at the terminal; a terminal that was closed is no reason to fall."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


if __name__ == "__main__":
    main()
