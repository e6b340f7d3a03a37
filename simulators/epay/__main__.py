"""Run the site: `python -m simulators.epay --port 8005`."""

import argparse
import json
import logging
import os
import secrets
import signal
import threading
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulators.epay import signing
from simulators.epay.faults import HABITS, BadFault, Fault, Faults, read_flag
from simulators.epay.notices import Post
from simulators.epay.site import Merchant, Site
from simulators.epay.trades import Trades
from simulators.epay.web import add_keys, create_app


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="epay: %(message)s", level=logging.INFO)
    trades = Trades(options.state)
    faults = Faults(*options.fault, habits=options.habit)
    site = Site(
        read_keys(options.keys, options.pid, options.joint), trades, Post(trades.record_try, pace=options.pace), faults
    )
    server = serve(site, options.host, options.port)
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"Epay on http://{options.host}:{server.port}", flush=True)
    try:
        server.serve_forever(0.1)
    finally:
        server.server_close()
        site.post.stop()
        trades.close()


def serve(site: Site, host: str = "127.0.0.1", port: int = 0) -> BaseWSGIServer:
    """Return a server that listens, and tell shops what they were not told before."""
    app = create_app(site)
    add_keys(app, site)
    server = make_server(host, port, app, threaded=True, request_handler=QuietRequests)
    site.post.start()
    for trade in site.trades.untold():
        site.tell(trade)
    return server


class QuietRequests(WSGIRequestHandler):
    """Logs no request lines: they hold the key."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def read_options() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m simulators.epay", description="A site of the epay protocol.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8005, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="keep the trades in this SQLite file")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="keep the keys in this JSON file, made when missing")
    parser.add_argument("--pid", default="1001", help="number of the merchant (default: %(default)s)")
    parser.add_argument("--joint", default="", help="what stands before the MD5 key, such as &key=")
    parser.add_argument("--pace", type=float, default=1.0, help="shorten the schedule of notices by this factor")
    parser.add_argument(
        "--habit", action="append", default=[], choices=sorted(HABITS), help="how this fork does things"
    )
    parser.add_argument(
        "--fault", action="append", default=[], type=_fault, help="late:seconds=3, down:on=refund,times=1"
    )
    return parser.parse_args()


def read_keys(path: Path | None, pid: str, joint: str) -> Merchant:
    """Return the merchant with the keys of a file, or new ones, which are written there."""
    if path and path.exists():
        return Merchant(**json.loads(path.read_text()))
    merchant = Merchant(pid, secrets.token_hex(16), signing.new_key(), signing.new_key(), joint)
    if path:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(vars(merchant), file)
    return merchant


def _fault(text: str) -> Fault:
    try:
        return read_flag(text)
    except (BadFault, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
