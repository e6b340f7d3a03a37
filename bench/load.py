"""The load: a few processes of `client.py` that start at the same moment."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from subprocess import PIPE, Popen

from bench.client import PATIENCE, Run, together
from bench.stage import Stage

PROCESSES = 2


def fire(stage: Stage, connections: Sequence[Sequence[str]], *, expect: int, seconds: float) -> Run:
    """Send the requests of all connections at once, each connection's one after another, for at most `seconds`."""
    with ExitStack() as exits:
        clients = []
        for number in range(PROCESSES):
            told = {"port": stage.port, "expect": expect, "seconds": seconds}
            file = stage.folder / f"client-{number}.json"
            file.write_text(json.dumps(told | {"connections": connections[number::PROCESSES]}))
            clients.append(exits.enter_context(stage.python("-m", "bench.client", str(file), stdin=PIPE, stdout=PIPE)))
        for client in clients:
            assert client.stdout is not None
            client.stdout.readline()  # it is ready
        for client in clients:
            assert client.stdin is not None
            client.stdin.write(b"go\n")
            client.stdin.flush()
        return together([_heard(client, seconds) for client in clients])


def _heard(client: "Popen[bytes]", seconds: float) -> Run:
    said, _ = client.communicate(timeout=seconds + PATIENCE)
    return Run(**json.loads(said))
