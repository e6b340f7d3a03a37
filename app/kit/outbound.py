"""Connections to the outside: to public addresses alone, and to the very address that was looked at.

A name is resolved once, each address is judged, and the socket goes to a judged address: a name that answers
differently the next time (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from app.settings import BadSetting

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
CHUNK = 64 * 1024
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_hosts: frozenset[str] = frozenset()
_networks: tuple[Network, ...] = ()


class Refused(Exception):
    """This address is none that the shop may connect to."""


class Unconnected(Exception):
    """No connection came about, so nothing was sent."""


def configure(allow: Sequence[str]) -> None:
    """Take the hosts, `host:port` pairs and networks that may be private (OUTBOUND_ALLOW)."""
    global _hosts, _networks
    networks = [_network(entry) for entry in allow]
    _networks = tuple(network for network in networks if network)
    _hosts = frozenset(entry.lower() for entry, network in zip(allow, networks, strict=True) if not network)


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        if "/" not in entry:
            return None
    mend = "Give hosts, host:port pairs and networks such as 10.0.0.0/8, separated by commas."
    raise BadSetting("OUTBOUND_ALLOW", f"holds {entry!r}", mend)


@dataclass(frozen=True)
class Deadline:
    """A moment of time.monotonic() by which all has to be over."""

    at: float

    def left(self) -> float:
        """Return the seconds left, or raise TimeoutError."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("took too long")
        return left


class Stream:
    """An open connection whose every wait ends at the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def send(self, content: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(content)

    def receive(self) -> bytes:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv(CHUNK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._sock.close()


def connect(host: str, port: int, trust: ssl.SSLContext | None, deadline: Deadline) -> Stream:
    """Return a connection, with TLS under `trust` if given; raises Refused or Unconnected."""
    try:
        addresses = _resolve(host, port, deadline)
        permitted = [address for address in addresses if is_permitted(host, port, address)]
        if not permitted:
            raise Refused("this address is not public; OUTBOUND_ALLOW may allow it")
        sock = _open(permitted, port, deadline)
        return Stream(_secured(sock, host, trust, deadline) if trust else sock, deadline)
    except TimeoutError as error:
        raise Unconnected("no connection in time") from error
    except OSError as error:
        raise Unconnected(f"no connection: {type(error).__name__}") from error


def is_permitted(host: str, port: int, address: Address) -> bool:
    """Tell whether the shop may connect to this address of `host`: it is public, or allowed by name or network."""
    named = f"[{host}]" if ":" in host else host
    if {host.lower(), named.lower(), f"{named}:{port}".lower()} & _hosts:
        return True
    return is_public(address) or any(address in network for network in _networks)


def is_public(address: Address) -> bool:
    """Tell whether an address lies on the open internet, also the IPv4 address that an IPv6 one may wrap."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(address.packed[-4:]))
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if wrapped:
            return is_public(wrapped)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Return the addresses of a host; the resolver knows no time limit, so it runs beside us."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    found: list[Address] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(ipaddress.ip_address(str(answer[4][0]).split("%")[0]) for answer in answers)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(deadline.left())
    if not found:
        raise Unconnected("no connection in time" if asking.is_alive() else "no such host")
    return list(dict.fromkeys(found))


def _open(addresses: Sequence[Address], port: int, deadline: Deadline) -> socket.socket:
    """Return a socket to the first address that answers; the next ones get what time is left."""
    refusal: OSError = TimeoutError("took too long")
    for place, address in enumerate(addresses):
        share = deadline.left() / (len(addresses) - place)
        try:
            return socket.create_connection((str(address), port), timeout=share)
        except OSError as error:
            refusal = error
    raise refusal


def _secured(sock: socket.socket, host: str, trust: ssl.SSLContext, deadline: Deadline) -> socket.socket:
    try:
        sock.settimeout(deadline.left())
        return trust.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise
