"""The door of the gateway: one address where it listens, and the fault of not listening there for a while."""

import threading

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulators.test_gateway.faults import Faults

LOOK_SECONDS = 0.05


class QuietRequests(WSGIRequestHandler):
    """Logs no request lines: the trades and notices tell the story, and a start's line holds its signature."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Door:
    """Serves at one address; while *unreachable*, connections to it are refused."""

    def __init__(self, app: Flask, faults: Faults, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app, self._faults, self._host = app, faults, host
        self._stopped = threading.Event()
        self._server = self._listen(port)
        self.port = self._server.port

    def serve(self) -> None:
        """Serve until somebody stops it; each request in a thread of its own."""
        try:
            while not self._stopped.is_set():
                if fault := self._faults.strike("unreachable", "door"):
                    self._server.server_close()
                    self._stopped.wait(fault.seconds)
                    self._server = self._listen(self.port)
                self._server.handle_request()
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """Let `serve` return within a moment."""
        self._stopped.set()

    def _listen(self, port: int) -> BaseWSGIServer:
        server = make_server(self._host, port, self._app, threaded=True, request_handler=QuietRequests)
        server.timeout = LOOK_SECONDS
        return server
