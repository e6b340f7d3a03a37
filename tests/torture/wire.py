"""Messages between the teller of stories and the processes that live and die in them."""

import json
import socket
from typing import Any

LARGEST = 1 << 20
PATIENCE = 120.0


class Wire:
    """One end of a line that keeps messages whole, so that a process may die between any two of them."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    @classmethod
    def pair(cls) -> tuple["Wire", socket.socket]:
        """Return our end, which loses patience, and the other one for a process of our own."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        ours.settimeout(PATIENCE)
        return cls(ours), theirs

    def say(self, **words: Any) -> None:
        """Send one message."""
        self.end.send(json.dumps(words, default=str).encode())

    def hear(self) -> dict[str, Any]:
        """Return the next message; an empty one says that nobody is there any more."""
        try:
            raw = self.end.recv(LARGEST)
        except ConnectionResetError:
            raw = b""
        heard: dict[str, Any] = json.loads(raw) if raw else {}
        return heard

    def close(self) -> None:
        self.end.close()
