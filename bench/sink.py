"""`python -m bench.sink`: a mail server on this machine that takes every letter and keeps none; it says its port."""

import asyncio

SAID = {b"EHLO": b"250 bench\r\n", b"HELO": b"250 bench\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Sink(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._rest, self._in_letter = transport, b"", False
        transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while self._in_letter or b"\r\n" in self._rest:
            end = b"\r\n.\r\n" if self._in_letter else b"\r\n"
            line, found, rest = self._rest.partition(end)
            if not found:
                return
            self._rest = rest
            self._answer(b"" if self._in_letter else line[:4].upper())

    def _answer(self, word: bytes) -> None:
        self._transport.write(SAID.get(word, b"250 OK\r\n"))
        self._in_letter = word == b"DATA"


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
