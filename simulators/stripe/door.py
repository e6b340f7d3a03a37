"""The door of the simulator: one address where it listens, without request lines in the log."""

import time
from collections.abc import Callable
from email.utils import formatdate

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class QuietRequests(WSGIRequestHandler):
    """Logs no request lines: a page's address is the right to pay there."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def listen(
    app: Flask, host: str = "127.0.0.1", port: int = 0, clock: Callable[[], float] = time.time
) -> BaseWSGIServer:
    """Return a server that listens, each request in a thread of its own, and says what time its clock has."""

    class Handler(QuietRequests):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(clock(), usegmt=True)

    return make_server(host, port, app, threaded=True, request_handler=Handler)
