"""`python -m tests.torture.post PORT FILE`: a mail server that writes down whom each letter is for, then says so."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import Envelope, Session


class Post:
    """Takes every letter; what it took is in the file before its sender hears so."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        self._file.write("".join(f"{address}\n" for address in envelope.rcpt_tos))
        self._file.flush()
        return "250 OK"


def main(port: int, file: Path) -> None:
    """Serve until killed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    controller = UnthreadedController(Post(file), hostname="127.0.0.1", port=port, loop=loop)
    controller.begin()
    print("ready", flush=True)
    loop.run_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
