"""A runner whose call never ends: started by a test, which kills it."""

import time
from typing import Any

from app import create_app
from app.kit import effects
from app.kit.effects import Done, Intent
from tests.kit.outside import Office


def hang(intent: Intent) -> Any:
    print(f"calling {intent.id}", flush=True)
    time.sleep(60)
    return Done()


if __name__ == "__main__":
    app = create_app()
    effects.wire([Office(says=hang).kind()])
    with app.app_context():
        effects.drain()
