"""A worker that sends what is due and is killed at a place: started by a test, which says where."""

import os
import signal
import sys
from datetime import timedelta

from app import create_app
from app.kit import clock, db, effects, failpoint


def main() -> None:
    """Drain, and die when the place is reached for the nth time."""
    place, times, merchant = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seen: list[str] = []

    def die(at: str) -> None:
        ours = not db.is_open() or db.unit().scope == merchant  # other shops of the tests may have something due
        if at.startswith(place) and ours:
            seen.append(at)
            if len(seen) == times:
                os.kill(os.getpid(), signal.SIGKILL)

    app = create_app()
    failpoint.arm(die)
    ahead = timedelta(seconds=float(os.environ["AHEAD"]))
    with app.app_context(), clock.running(lambda: clock._system() + ahead):
        effects.drain()


if __name__ == "__main__":
    main()
