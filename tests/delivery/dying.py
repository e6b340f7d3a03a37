"""A worker that sends what is due and is killed at a place: started by a test, which says where."""

import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from app import create_app
from app.kit import clock, db, effects, failpoint, rounds
from app.kit.effects import Absent, Answer, Done, Unknown
from app.kit.http import Client
from app.kit.party import Account, Field
from app.messages import providers
from app.messages.providers import Carried, Channel, Message, Template
from app.settings import Settings


def drain(settings: Settings, place: str, times: int, merchant: int, ahead: timedelta) -> None:
    """Drain, and die when the place is reached for the nth time."""
    _drain(settings, place, times, merchant, ahead, {})


def _drain(
    settings: Settings, place: str, times: int, merchant: int, ahead: timedelta, carriers: Mapping[str, Any]
) -> None:
    seen: list[str] = []

    def die(at: str) -> None:
        ours = not db.is_open() or db.unit().scope == merchant  # other shops of the tests may have something due
        if at.startswith(place) and ours:
            seen.append(at)
            if len(seen) == times:
                os.kill(os.getpid(), signal.SIGKILL)

    rounds.SECONDS = 60.0  # on a slow machine a shop's turn would end before the place is reached
    app = create_app(settings)
    providers.configure(carriers)
    failpoint.arm(die)
    with app.app_context(), clock.running(lambda: clock._system() + ahead):
        effects.drain()


class Deaf:
    """A carrier whose messages arrive in a file, so that they are counted across a death, and that tells nothing."""

    name, title, numbered_by, needs_template = "deaf", "Deaf", "account", False
    channel = Channel.SMS
    fields: tuple[Field, ...] = (Field("account", "Account"),)

    def __init__(self, file: Path, *, knows: bool) -> None:
        self.file, self.knows = file, knows

    def check(self, account: Account) -> None:
        """Any account will do."""

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        with self.file.open("a") as arrived:
            arrived.write(f"{message.key.hex}\n")
        return Done(Carried(message.key.hex))

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        if not self.knows:
            return Unknown("it cannot say")
        has = self.file.exists() and message.key.hex in self.file.read_text()
        return Done(Carried(message.key.hex)) if has else Absent()

    def probe(self, account: Account, http: Client) -> Answer:
        return Done([])


def drain_deaf(
    settings: Settings, place: str, times: int, merchant: int, ahead: timedelta, file: Path, knows: bool
) -> None:
    """Drain likewise, with this carrier."""
    _drain(settings, place, times, merchant, ahead, {"deaf": Deaf(file, knows=knows)})
