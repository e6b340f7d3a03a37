"""Gateways that take no money and services that send nothing: which `make run` starts, and with which keys.

`SIMULATORS="alipay epay sms"` names them. The shop then speaks to them instead of the real ones, and every account
there is a test account; what to enter on the pages of the office stands in the keys of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy import redis
from deploy.place import CannotStart

# Where each keeps its keys, below the folder of the installation; Stripe's simulator takes one key that is known.
KEYS = {
    "alipay": "alipay",
    "wechat": "wechat.json",
    "stripe": "",
    "epay": "epay.json",
    "sms": "sms.json",
    "chats": "chats.json",
}
FORGETFUL = {"chats"}  # which keep nothing but their keys
SERVES = {"sms": ("aliyun", "tencent")}  # parties whose place it takes, where that is not its own name


@dataclass(frozen=True)
class Simulator:
    """One gateway to start."""

    name: str
    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def command(self) -> tuple[str, ...]:
        """Return what Python is to run."""
        state = () if self.name in FORGETFUL else ("--state", str(self.folder / f"{self.name}.db"))
        keys = ("--keys", str(self.folder / KEYS[self.name])) if KEYS[self.name] else ()
        return ("-m", f"simulators.{self.name}", "--port", str(self.port), *state, *keys)


def wanted(text: str, folder: Path) -> list[Simulator]:
    """Return the simulators that somebody names, each at a free port; raises CannotStart for a name there is not."""
    names = dict.fromkeys(text.replace(",", " ").split())
    if strange := [name for name in names if name not in KEYS]:
        raise CannotStart(f"miaofa: there is no simulator {strange[0]!r}. SIMULATORS may name {', '.join(KEYS)}.")
    if names:
        folder.mkdir(parents=True, exist_ok=True)
    return [Simulator(name, redis.free_port(), folder) for name in names]


def addresses(simulators: list[Simulator], env: Mapping[str, str]) -> str:
    """Return GATEWAYS with these in it, after those that are named already."""
    named = env.get("GATEWAYS", "").replace(",", " ").split()
    served = [(name, one.url) for one in simulators for name in SERVES.get(one.name, (one.name,))]
    return " ".join([*named, *(f"{name}={url}" for name, url in served)])
