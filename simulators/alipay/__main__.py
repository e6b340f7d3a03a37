"""Run Alipay's simulator: `python -m simulators.alipay --port 8002 --keys instance/alipay`."""

import argparse
import logging
import signal
from pathlib import Path

from simulators.alipay.faults import PLACES, Faults
from simulators.alipay.gateway import Gateway
from simulators.alipay.keys import Keys
from simulators.alipay.notices import RETRY_DELAYS, post
from simulators.alipay.pages import create_app
from simulators.alipay.trades import Trades
from simulators.alipay.wire import Door as Entrance
from simulators.test_gateway.door import Door
from simulators.test_gateway.faults import Fault, read_flag
from simulators.test_gateway.notices import NoticeSender
from simulators.test_gateway.refusals import Refused


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="alipay simulator: %(message)s", level=logging.INFO)
    trades, faults = Trades(options.state), Faults(*options.fault)
    keys = Keys.kept(options.keys) if options.keys else Keys.make()
    entrance = Entrance(options.app_id, keys, options.strict_clock, frozenset(options.allow_host))
    delays = tuple(delay * options.pace for delay in RETRY_DELAYS)
    sender = NoticeSender(trades.record_try, plan=faults.plan, delays=delays, post=post)
    gateway = Gateway(entrance, trades, sender, options.seller_id, faults=faults)
    door = Door(create_app(gateway), faults, host=options.host, port=options.port)
    gateway.url = options.url or f"http://{options.host}:{door.port}"
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: door.stop())
    gateway.start()
    print(f"Alipay simulator on http://{options.host}:{door.port}", flush=True)
    try:
        door.serve()
    finally:
        gateway.stop()


def read_options() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m simulators.alipay", description="Alipay's simulator.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8002, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--url", default="", help="how buyers reach it, when that is another address")
    parser.add_argument("--keys", type=Path, metavar="FOLDER", help="keep the keys here; default: new ones, see /keys")
    parser.add_argument("--app-id", default="2021000000000001", help="the application's number (default: %(default)s)")
    parser.add_argument("--seller-id", default="2088101106499364", help="the seller's number (default: %(default)s)")
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="keep the trades in this SQLite file")
    parser.add_argument("--pace", type=float, default=1.0, help="how long an hour between notices is (default: 1)")
    parser.add_argument("--strict-clock", type=float, metavar="SECONDS", help="refuse timestamps further off")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="shop host besides loopback")
    parser.add_argument(
        "--fault", action="append", default=[], type=fault, help="late, twice, lost:on=refund,times=1 …"
    )
    return parser.parse_args()


def fault(text: str) -> Fault:
    """Return the fault that a flag asks for, or tell argparse why not."""
    try:
        return read_flag(text, PLACES)
    except Refused as refused:
        raise argparse.ArgumentTypeError(f"{refused.words.en} There are: {', '.join(PLACES)}.") from refused


if __name__ == "__main__":
    main()
