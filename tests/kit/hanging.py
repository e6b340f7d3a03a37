"""A runner whose call never ends: started by a test, which kills it."""

import time
from multiprocessing.connection import Connection
from typing import Any

from app import create_app
from app.kit import effects
from app.kit.effects import Done, Intent
from app.settings import Settings
from tests.kit.outside import Office


def drain(settings: Settings, said: Connection) -> None:
    """Drain, and tell of the call that hangs."""

    def hang(intent: Intent) -> Any:
        said.send(intent.id)
        time.sleep(60)
        return Done()

    app = create_app(settings)
    effects.wire([Office(says=hang).kind()])
    with app.app_context():
        effects.drain()
