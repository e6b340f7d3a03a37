"""Whether those outside can reach this shop, as a line of a self-test."""

from dataclasses import dataclass

from app.kit.errors import words
from app.kit.http import Client, Interrupted, Unreachable
from app.kit.party import Finding
from app.settings import is_loopback

HERE = b"here"
AT_HOME = words("This test shop runs on this machine: local simulators can reach it, outside services cannot.")
MEND = words("Set BASE_URL to the https address of the shop, and let its web server pass /hooks/ on to it.")


@dataclass(frozen=True)
class Door:
    """An address of ours at which somebody tells us things, and what is lost where they cannot reach it."""

    url: str
    lost: str
    is_sandbox: bool


def tried(name: str, door: Door, http: Client) -> Finding:
    """Return whether our own door opens from outside; that of a test shop on this machine cannot, and need not."""
    if door.is_sandbox and is_loopback(door.url):
        return Finding(name, well=True, message=AT_HOME)
    try:
        heard = http.get(f"{door.url}/probe")
    except (Unreachable, Interrupted):
        return Finding(name, well=False, message=door.lost, mend=MEND)
    well = heard.status == 200 and heard.body == HERE
    return Finding(name, well=well, message="" if well else door.lost, mend="" if well else MEND)
