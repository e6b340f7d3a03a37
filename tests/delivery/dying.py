"""A worker that sends what is due and is killed at a place: started by a test, which says where."""

import os
import signal
from datetime import timedelta

from app import create_app
from app.kit import clock, db, effects, failpoint, rounds
from app.settings import Settings


def drain(settings: Settings, place: str, times: int, merchant: int, ahead: timedelta) -> None:
    """Drain, and die when the place is reached for the nth time."""
    seen: list[str] = []

    def die(at: str) -> None:
        ours = not db.is_open() or db.unit().scope == merchant  # other shops of the tests may have something due
        if at.startswith(place) and ours:
            seen.append(at)
            if len(seen) == times:
                os.kill(os.getpid(), signal.SIGKILL)

    rounds.SECONDS = 60.0  # on a slow machine a shop's turn would end before the place is reached
    app = create_app(settings)
    failpoint.arm(die)
    with app.app_context(), clock.running(lambda: clock._system() + ahead):
        effects.drain()
