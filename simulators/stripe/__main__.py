"""Run the simulated Stripe: `python -m simulators.stripe --port 8005 --endpoint http://127.0.0.1:8000/hooks/…`."""

import argparse
import logging
import os
import signal
import threading
from pathlib import Path
from typing import NoReturn

from simulators.stripe.book import Book
from simulators.stripe.door import listen
from simulators.stripe.events import DELAYS, Post
from simulators.stripe.faults import BadFault, Fault, Faults, read_flag
from simulators.stripe.gateway import Caller, Gateway, account_of
from simulators.stripe.pages import create_app

KEY = "sk_test_simulator0000"


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="stripe: %(message)s", level=logging.INFO)
    book, faults = Book(options.state), Faults(*options.fault)
    post = Post(book, faults, delays=[delay * options.pace for delay in DELAYS])
    keys = {key: account_of(key) for key in [*options.key, *_secret_keys()] or [KEY]}
    gateway = Gateway(keys, book, post, faults)
    server = listen(create_app(gateway), options.host, options.port)

    def end(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    _introduce(gateway, options.endpoint)
    gateway.start()
    print(f"Stripe on http://{options.host}:{server.port}", flush=True)
    try:
        server.serve_forever(0.05)
    finally:
        post.stop()
        server.server_close()
        book.close()


def _introduce(gateway: Gateway, urls: list[str]) -> None:
    """Print what a merchant enters: each account, and the signing secret of each address."""
    for key, account in gateway.keys.items():
        print(f"Account {account}, key {key[:8]}…{key[-4:]}", flush=True)
        for url in urls:
            endpoint = gateway.add_endpoint(
                Caller(account, "_live_" in key), {"url": url, "enabled_events": {"0": "*"}}
            )
            print(f"Signing secret of {url}: {endpoint['secret']}", flush=True)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.stripe", description="A Stripe without money.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8005, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--key", action="append", default=[], help=f"a key that opens an account (default: {KEY})")
    parser.add_argument(
        "--endpoint", action="append", default=[], metavar="URL", help="tell this address of all events"
    )
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="keep everything in this SQLite file")
    parser.add_argument("--pace", type=float, default=1.0, help="how long the waits between tries are (default: 1)")
    parser.add_argument("--fault", action="append", default=[], type=fault, help="late, lost:on=refund,times=1, …")
    return parser.parse_args()


def fault(text: str) -> Fault:
    """Return the fault that a flag asks for, or tell argparse why not."""
    try:
        return read_flag(text)
    except BadFault as error:
        _explain(error)


def _explain(error: BadFault) -> NoReturn:
    raise argparse.ArgumentTypeError(str(error)) from error


def _secret_keys() -> list[str]:
    """Return the keys of the environment: STRIPE_SIMULATOR_KEYS, or the file that its _FILE names."""
    if path := os.environ.get("STRIPE_SIMULATOR_KEYS_FILE"):
        return Path(path).read_text().split()
    return os.environ.get("STRIPE_SIMULATOR_KEYS", "").split()


if __name__ == "__main__":
    main()
