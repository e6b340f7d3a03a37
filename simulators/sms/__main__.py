"""Run both vendors: `python -m simulators.sms --port 8006`."""

import argparse
import logging
import signal
import threading

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulators.sms.aliyun import Aliyun
from simulators.sms.book import Book
from simulators.sms.reports import Reports
from simulators.sms.tencent import Tencent
from simulators.sms.web import create_app

# Known to everybody, as with Stripe's: nothing is ever sent.
SIGN = "秒发"
ALIYUN = {"key_id": "LTAIsimulator0001", "secret": "simulated-aliyun-secret", "sign": SIGN}
TENCENT = {
    "secret_id": "AKIDsimulator0001",
    "secret_key": "simulated-tencent-key",
    "app_id": "1400000001",
    "sign": SIGN,
}


class QuietRequests(WSGIRequestHandler):
    """Logs no request lines: they hold phone numbers."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="sms: %(message)s", level=logging.INFO)
    book = Book(limited=not options.unlimited)
    server, reports = serve(book, options.host, options.port, pace=options.pace)
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"SMS on http://{options.host}:{server.port}", flush=True)
    try:
        server.serve_forever(0.1)
    finally:
        server.server_close()
        reports.stop()


def serve(book: Book, host: str = "127.0.0.1", port: int = 0, *, pace: float = 1.0) -> tuple[BaseWSGIServer, Reports]:
    """Return a server that listens, and who pushes the reports."""
    reports = Reports(book, pace=pace)
    app = create_app(book, Aliyun(book, reports, **ALIYUN), Tencent(book, reports, **TENCENT))
    server = make_server(host, port, app, threaded=True, request_handler=QuietRequests)
    reports.start()
    return server, reports


def read_options() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m simulators.sms", description="Two vendors of SMS.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8006, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--state", default="", metavar="FILE", help="taken and not used: messages are not kept")
    parser.add_argument("--pace", type=float, default=1.0, help="shorten the waits of reports by this factor")
    parser.add_argument("--unlimited", action="store_true", help="do not count codes by number")
    return parser.parse_args()


if __name__ == "__main__":
    main()
