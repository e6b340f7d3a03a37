"""Run both SMS services: `python -m simulators.sms --port 8010 --keys sms.json`."""

import argparse
import logging
import signal
from pathlib import Path

from simulators.sms.book import Book
from simulators.sms.faults import PLACES, SmsFaults
from simulators.sms.keys import kept_keys
from simulators.sms.service import Service
from simulators.sms.web import create_app
from simulators.test_gateway.door import Door
from simulators.test_gateway.faults import Fault, read_flag
from simulators.test_gateway.refusals import Refused


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = read_options()
    logging.basicConfig(format="sms: %(message)s", level=logging.INFO)
    service = Service(kept_keys(options.keys), Book(options.state), SmsFaults(*options.fault), pace=options.pace)
    service.callbacks |= dict(options.callback)
    door = Door(create_app(service), service.faults, host=options.host, port=options.port)
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: door.stop())
    service.start()
    print(f"SMS simulator (keys in {options.keys or '/keys'}) on http://{options.host}:{door.port}", flush=True)
    try:
        door.serve()
    finally:
        service.schedule.stop()
        service.book.close()


def read_options() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m simulators.sms", description="SMS services that send nothing.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8010, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="keep the keys here; default: new ones, see /keys")
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="keep the messages in this SQLite file")
    parser.add_argument("--pace", type=float, default=1.0, help="how long a second of theirs is (default: 1)")
    parser.add_argument(
        "--callback", action="append", default=[], type=callback, metavar="VENDOR=URL", help="where receipts go"
    )
    parser.add_argument("--fault", action="append", default=[], type=fault, help="late, twice, lost:on=send,times=1 …")
    return parser.parse_args()


def callback(text: str) -> tuple[str, str]:
    """Return whose receipts go where."""
    vendor, _, url = text.partition("=")
    return vendor, url


def fault(text: str) -> Fault:
    """Return the fault that a flag asks for, or tell argparse why not."""
    try:
        return read_flag(text, PLACES)
    except Refused as refused:
        raise argparse.ArgumentTypeError(f"{refused.words.en} There are: {', '.join(PLACES)}.") from refused


if __name__ == "__main__":
    main()
