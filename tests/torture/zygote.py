"""A process that is ready to be anybody: it has loaded the application, holds no connection, and forks.

Each child plays web, worker and sweeper of one installation until it is told to go or dies at a failpoint.
"""

import gc
import os
import socket
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

from app import create_app
from app.inventory import files
from app.inventory.service import imports
from app.kit import clock, db
from app.orders import queries as orders
from app.web.dispatch import Miaofa
from tests.conftest import migrated
from tests.make import make_settings
from tests.payments.gate import send
from tests.torture.acts import Acts
from tests.torture.wire import Wire


def main() -> None:
    """Serve the line whose number is the argument, until the other end hangs up."""
    wire = Wire(socket.socket(fileno=int(sys.argv[1])))
    asked = wire.hear()
    settings = make_settings(Path(asked["folder"]), asked["url"], asked["owner_url"], test_gateway_url=asked["gateway"])
    app = migrated(create_app(settings))
    imports.SLICE, files.CHUNK = 12, 600  # so that a small file has several chunks and many slices
    warm_up(app)
    wire.say(answer="ready")
    while wire.hear():
        if (child := os.fork()) == 0:
            live(app, wire)
        _, status = os.waitpid(child, 0)
        wire.say(ended=os.waitstatus_to_exitcode(status))


def warm_up(app: Miaofa) -> None:
    """Sell something once, so that no child compiles what its parent could have known."""
    with app.app_context():
        acts = Acts(app)
        acts.open_shop()
        acts.stock(count=2)
        page = acts.place(quantity=1, contact="dora@example.com", idem="warm", device="")
        acts.start(location=page["location"], device=page["device"])
        acts.sweep()
        send(acts.shop.notice(acts.shop.read(lambda: orders.latest(1))[0]))
        acts.sweep()
        for button in ("check", "reveal"):
            acts.press(location=page["location"], device=page["device"], button=button)
        acts.sweep()
        acts.words()
        acts.reckon(kept={})
        acts.close_down()
        db.engine().dispose()
    gc.collect()
    gc.freeze()


def live(app: Miaofa, wire: Wire) -> None:
    """Do what is asked until told to go; ends the process."""
    try:
        with app.app_context():
            acts = Acts(app, wire)
            while (asked := wire.hear()) and asked["act"] != "go":
                wire.say(**perform(acts, asked))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def perform(acts: Acts, asked: dict[str, Any]) -> dict[str, Any]:
    """Do one act at the time that is told, and say how it ended and what time it is then."""
    began, told = clock._system(), datetime.fromisoformat(asked["now"])
    with clock.running(lambda: told + (clock._system() - began)):
        try:
            said = {"answer": getattr(acts, asked["act"])(**asked["words"])}
        except Exception:
            said = {"raised": traceback.format_exc()}
        return said | {"now": clock.now()}


if __name__ == "__main__":
    main()
