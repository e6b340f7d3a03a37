"""Outbound HTTP: short time limits, small answers, verified TLS, and no way into the network behind the shop.

`Unreachable` says that certainly nothing was sent, `Interrupted` that the request may have arrived; every other
failure of the other side is a status for the caller to read.
"""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Self
from urllib.parse import urlsplit

import certifi
import h11
import structlog

from app.kit import crowd
from app.kit.outbound import Deadline, Refused, Unconnected, connect
from app.kit.outbound import configure as configure

log = structlog.get_logger()
SECONDS = 3.0
LARGEST = 1024 * 1024
LARGEST_HEAD = 64 * 1024
AGENT = "Miaofa"
_until: ContextVar[float] = ContextVar("until", default=float("inf"))


class Unreachable(Exception):
    """Nothing was sent: the address is refused, unknown or does not answer."""


class Interrupted(Exception):
    """The request may have arrived; its answer did not."""


class Oversized(Interrupted):
    """The answer is larger than we read."""


@dataclass(frozen=True)
class Response:
    """A whole answer; the names in `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let no request in the block take longer than until the block's own time is over."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


class Client:
    """Asks other servers; `timeout` is the time a whole exchange may take. A connection serves one request."""

    def __init__(self, timeout: float = SECONDS) -> None:
        self.timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing stays open between requests: an idle connection that broke would look like a lost request."""

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, largest: int = LARGEST) -> Response:
        """Return the answer to a GET; raises Unreachable, Interrupted or Oversized."""
        return self._logged("GET", url, headers or {}, b"", largest)

    def download(self, url: str, *, largest: int) -> Response:
        """Return the answer to a GET that may be a larger file; raises Unreachable, Interrupted or Oversized."""
        return self._logged("GET", url, {}, b"", largest)

    def post(
        self,
        url: str,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Response:
        """Return the answer to a POST; raises Unreachable, Interrupted or Oversized."""
        raw = body.encode() if isinstance(body, str) else body
        return self._logged("POST", url, {"Content-Type": content_type, **(headers or {})}, raw)

    def _logged(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, largest: int = LARGEST
    ) -> Response:
        """Make one exchange and log where it went and how it ended, never what was said."""
        began, target = time.monotonic(), Target.of(url)
        outcome: int | str = "failed"
        try:
            with crowd.waiting():
                answer = self._exchange(method, target, headers, body, largest)
            outcome = answer.status
            return answer
        except (Unreachable, Interrupted) as error:
            outcome = f"{type(error).__name__}: {error}"
            raise
        finally:
            milliseconds = round((time.monotonic() - began) * 1000)
            log.info("http.called", method=method, to=target.origin, status=outcome, ms=milliseconds)

    def _exchange(
        self, method: str, target: "Target", headers: Mapping[str, str], body: bytes, largest: int
    ) -> Response:
        deadline = Deadline(min(time.monotonic() + self.timeout, _until.get()))
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        request = _encoded(talk, method, target, headers, body)
        try:
            stream = connect(target.host, target.port, trust() if target.secure else None, deadline)
        except (Refused, Unconnected) as error:
            raise Unreachable(str(error)) from error
        with stream:
            try:
                stream.send(request)
                return _read(talk, stream.receive, largest)
            except (OSError, h11.RemoteProtocolError) as error:
                raise Interrupted(_reason(error)) from error


@dataclass(frozen=True)
class Target:
    """Where a request goes, taken apart once, so that what is checked is what is connected to."""

    secure: bool
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> "Target":
        try:
            parts = urlsplit(url)
            port, host = parts.port, (parts.hostname or "").encode("idna" if not url.isascii() else "ascii").decode()
        except ValueError:
            raise Unreachable("this is no address") from None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or not _is_plain(path + host):
            raise Unreachable("this is no address")
        secure = parts.scheme == "https"
        return cls(secure, host, port or (443 if secure else 80), path)

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.authority}"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _encoded(talk: h11.Connection, method: str, target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the bytes of a request; a header that HTTP cannot carry is our own mistake and raises ValueError."""
    own = {"Host": target.authority, "User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    if body or method == "POST":
        own["Content-Length"] = str(len(body))
    given = {name: value for name, value in headers.items() if name.lower() not in {known.lower() for known in own}}
    try:
        head = talk.send(h11.Request(method=method, target=target.path, headers=list((own | given).items())))
    except h11.LocalProtocolError as error:
        raise ValueError("a header that HTTP cannot carry") from error
    rest = talk.send(h11.Data(data=body)) if body else b""
    return (head or b"") + (rest or b"") + (talk.send(h11.EndOfMessage()) or b"")


def _read(talk: h11.Connection, receive: Callable[[], bytes], largest: int) -> Response:
    """Return the whole answer; one that ends early is a RemoteProtocolError."""
    status, headers, body = 0, dict[str, str](), bytearray()
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            talk.receive_data(receive())
        elif isinstance(event, h11.Response):
            status = event.status_code
            for name, value in event.headers:
                key, text = name.decode("ascii"), value.decode("latin-1")
                headers[key] = f"{headers[key]}, {text}" if key in headers else text
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > largest:
                raise Oversized(f"more than {largest} bytes")
        elif isinstance(event, h11.EndOfMessage):
            return Response(status, headers, bytes(body))


def _reason(error: Exception) -> str:
    return "took too long" if isinstance(error, TimeoutError) else type(error).__name__


@cache
def trust() -> ssl.SSLContext:
    """Return who is trusted: the system's authorities and certifi's, for systems that bring none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
