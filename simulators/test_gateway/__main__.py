"""Run the test gateway: `python -m simulators.test_gateway --port 8001`."""

import argparse
import json
import logging
import os
import signal
import sys
from pathlib import Path

from simulators.test_gateway.door import Door
from simulators.test_gateway.faults import PLACES, Fault, Faults, read_flag
from simulators.test_gateway.gateway import Gateway
from simulators.test_gateway.notices import NoticeSender
from simulators.test_gateway.pages import create_app
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.trades import Trades

NO_SECRET = (
    "The test gateway needs a secret: set TEST_GATEWAY_SECRET (or TEST_GATEWAY_SECRET_FILE) to the shop's value,"
    " or pass --secret."
)


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="test gateway: %(message)s", level=logging.INFO)
    trades, faults = Trades(options.state), Faults(*options.fault)
    if options.paid and options.paid.exists():
        trades.remember(json.loads(line) for line in options.paid.read_text().splitlines())
    sender = NoticeSender(trades.record_try, plan=faults.plan)
    gateway = Gateway(options.secret, trades, sender, frozenset(options.allow_host), faults=faults)
    door = Door(create_app(gateway), faults, host=options.host, port=options.port)
    for end in (signal.SIGTERM, signal.SIGINT):  # no exception: raised inside a finaliser, Python would drop it
        signal.signal(end, lambda *_: door.stop())
    gateway.start()
    print(f"Test gateway on http://{options.host}:{door.port}", flush=True)
    try:
        door.serve()
    finally:
        gateway.stop()


def read_options() -> argparse.Namespace:
    """Return the options; without a secret the start stops with words."""
    parser = argparse.ArgumentParser(prog="python -m simulators.test_gateway", description="The test payment gateway.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8001, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--secret", default=secret_from_environment(), help="default: TEST_GATEWAY_SECRET or its _FILE")
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="keep the trades in this SQLite file")
    parser.add_argument(
        "--paid", type=Path, metavar="FILE", help="know the trades of these notices, one a line, as paid"
    )
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="shop host besides loopback")
    parser.add_argument(
        "--fault", action="append", default=[], type=fault, help="late, twice, lost:on=refund+close,times=1, …"
    )
    options = parser.parse_args()
    if not options.secret:
        sys.exit(NO_SECRET)
    return options


def fault(text: str) -> Fault:
    """Return the fault that a flag asks for, or tell argparse why not."""
    try:
        return read_flag(text)
    except Refused as refused:
        raise argparse.ArgumentTypeError(f"{refused.words.en} There are: {', '.join(PLACES)}.") from refused


def secret_from_environment() -> str:
    """Return TEST_GATEWAY_SECRET, or what the file named by TEST_GATEWAY_SECRET_FILE holds, or nothing."""
    if path := os.environ.get("TEST_GATEWAY_SECRET_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get("TEST_GATEWAY_SECRET", "").strip()


if __name__ == "__main__":
    main()
