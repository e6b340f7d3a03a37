"""Run WeChat Pay's simulator: `python -m simulators.wechat --port 8003`."""

import argparse
import logging
import signal
import sys
from pathlib import Path

from simulators.test_gateway.door import Door
from simulators.test_gateway.faults import Fault, read_flag
from simulators.test_gateway.refusals import Refused
from simulators.wechat.book import Book
from simulators.wechat.faults import PLACES, WeChatFaults
from simulators.wechat.gateway import Gateway
from simulators.wechat.keys import Keys, kept_keys
from simulators.wechat.notices import Sender, Writer
from simulators.wechat.pages import create_app


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="wechat: %(message)s", level=logging.INFO)
    keys = kept_keys(options.keys)
    gateway = make_gateway(keys, Book(options.state), WeChatFaults(*options.fault), pace=options.pace)
    gateway.refund_seconds = options.refund_seconds
    door = Door(create_app(gateway), gateway.faults, host=options.host, port=options.port)
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: door.stop())
    gateway.sender.start()
    gateway.resume()
    print(
        f"WeChat Pay simulator ({keys.mchid}, keys in {options.keys}) on http://{options.host}:{door.port}", flush=True
    )
    try:
        door.serve()
    finally:
        gateway.sender.stop()
        gateway.book.close()


def make_gateway(keys: Keys, book: Book, faults: WeChatFaults, *, pace: float = 1.0) -> Gateway:
    """Return a gateway over these keys and this book, with its own sender, which is not started yet."""

    def clock() -> float:
        return gateway.clock()

    sender = Sender(Writer(keys, faults, clock), lambda event, taken: gateway.record(event, taken), pace=pace)
    gateway = Gateway(keys, book, sender, faults, pace=pace)
    return gateway


def read_options() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m simulators.wechat", description="WeChat Pay without money.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8003, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--keys", type=Path, default=Path("wechat-keys.json"), metavar="FILE", help="made if missing")
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="keep orders in this SQLite file")
    parser.add_argument("--pace", type=float, default=1.0, help="scale of the notices' schedule, 0.001 for tests")
    parser.add_argument("--refund-seconds", type=float, default=2.0, help="how long a refund is PROCESSING")
    parser.add_argument(
        "--fault", action="append", default=[], type=fault, help="late, twice, lost:on=refund,times=1, …"
    )
    options = parser.parse_args()
    if not options.keys.parent.is_dir():
        sys.exit(f"There is no folder {options.keys.parent} for the keys; make it, or pass --keys FILE.")
    return options


def fault(text: str) -> Fault:
    """Return the fault that a flag asks for, or tell argparse why not."""
    try:
        return read_flag(text, PLACES)
    except Refused as refused:
        raise argparse.ArgumentTypeError(f"{refused.words.en} There are: {', '.join(PLACES)}.") from refused


if __name__ == "__main__":
    main()
