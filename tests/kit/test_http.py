"""Outbound HTTP ends in time, reads little, stays outside, and knows whether anything was sent."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.kit import http, outbound
from app.kit.http import Client, Interrupted, Oversized, Unreachable
from app.settings import BadSetting
from tests.kit.servers import Server, certificate, says, serving


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Allow this machine, and let a test allow something else; the process's own setting comes back after it."""
    monkeypatch.setattr(outbound, "_hosts", frozenset())
    monkeypatch.setattr(outbound, "_networks", ())
    http.configure(["127.0.0.1"])
    return lambda *entries: http.configure(entries)


@pytest.fixture
def seconds() -> Callable[[], float]:
    began = time.monotonic()
    return lambda: time.monotonic() - began


def get(url: str, timeout: float = 3.0, **more: Any) -> http.Response:
    with Client(timeout=timeout) as client:
        return client.get(url, **more)


def post(server: Server, body: bytes = b"{}", **more: Any) -> http.Response:
    with Client(timeout=1.0) as client:
        return client.post(f"{server.url}/pay", body=body, **more)


# An exchange -----------------------------------------------------------------------------------------------------


def test_a_get_brings_status_headers_and_body() -> None:
    with serving(says("200 OK", b"hello", "X-Sign: abc", "X-Sign: def")) as server:
        answer = get(f"{server.url}/a/b?c=d%20e", headers={"Authorization": "secret"})

    assert (answer.status, answer.body, answer.headers["x-sign"]) == (200, b"hello", "abc, def")
    head = server.heard[0].decode().split("\r\n")
    assert head[0] == "GET /a/b?c=d%20e HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in head
    assert "Authorization: secret" in head


def test_a_post_carries_its_body() -> None:
    with serving(says()) as server:
        post(server, "{'卡': 1}".encode(), headers={"X-Sign": "abc"}, content_type="application/json")
        post(server, b"")

    first, second = server.heard
    assert first.endswith("\r\n\r\n{'卡': 1}".encode())
    assert b"Content-Type: application/json\r\n" in first
    assert b"Content-Length: 0\r\n" in second


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "500 Oops"])
def test_a_redirect_and_an_error_are_answers_like_any_other(status: str) -> None:
    told = says(status, b"", "Location: http://127.0.0.1:1/", "Set-Cookie: a=b")
    with serving(told) as server, Client() as client:
        answers = [client.get(server.url), client.get(server.url)]

    assert [answer.status for answer in answers] == [int(status[:3])] * 2
    assert b"ookie" not in server.heard[1]


def test_chunks_and_an_answer_that_ends_with_the_connection_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with serving(chunked) as server:
        assert get(server.url).body == b"abcde"
    with serving(b"HTTP/1.0 200 OK\r\n\r\nabc") as server:
        assert get(server.url).body == b"abc"


def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    with serving(says()) as server:
        assert get(server.url).status == 200


def test_a_header_that_could_smuggle_another_is_a_mistake_of_ours() -> None:
    with serving(says()) as server, pytest.raises(ValueError, match="header"):
        get(server.url, headers={"X-Name": "a\r\nX-Other: b"})

    assert server.heard == []


# Nothing was sent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com",
        "http://",
        "http://user:pass@example.com/",
        "http://example.com/a b",
        "http://example.com/\r\nX: y",
        "http://example.com:99999/",
        "http://[::1/",
    ],
)
def test_what_is_no_address_is_not_gone_to(url: str) -> None:
    with pytest.raises(Unreachable):
        get(url)


def test_a_closed_door_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]

    with pytest.raises(Unreachable, match="no connection"):
        get(f"http://127.0.0.1:{port}/")


def test_a_name_nobody_knows_means_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(Unreachable, match="no such host"):
        get("http://nobody.example/")


def test_a_resolver_that_hangs_ends_in_time(monkeypatch: pytest.MonkeyPatch, seconds: Callable[[], float]) -> None:
    def slow(*_: Any, **__: Any) -> list[Any]:
        time.sleep(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    with pytest.raises(Unreachable, match="in time"):
        get("http://slow.example/", timeout=0.3)

    assert seconds() < 2


def test_a_server_that_does_not_answer_the_handshake_was_sent_nothing(seconds: Callable[[], float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Unreachable):
        get(f"https://127.0.0.1:{mute.getsockname()[1]}/", timeout=0.3)

    assert seconds() < 2


@pytest.mark.parametrize(("name", "trusted"), [("127.0.0.1", True), ("127.0.0.1", False), ("other.example", True)])
def test_a_certificate_must_be_trusted_and_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool
) -> None:
    shown, path = certificate(tmp_path, name)
    if trusted:
        context = ssl.create_default_context(cafile=str(path))
        monkeypatch.setattr(http, "trust", lambda: context)

    with serving(says("200 OK", b"safe"), shown) as server:
        url = f"https://127.0.0.1:{server.port}/"
        if trusted and name == "127.0.0.1":
            assert get(url).body == b"safe"
        else:
            with pytest.raises(Unreachable):
                get(url)
            assert server.heard == []


# It may have arrived ---------------------------------------------------------------------------------------------


def hang(line: socket.socket) -> None:
    time.sleep(3)


def hang_up(line: socket.socket) -> None:
    line.close()


def drip(line: socket.socket) -> None:
    """Send one letter of a header each tenth of a second, as if it would go on for ever."""
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(50):
        line.sendall(b"a")
        time.sleep(0.1)


def drip_body(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(50):
        line.sendall(b"a")
        time.sleep(0.1)


@pytest.mark.parametrize("behave", [hang, drip, drip_body])
def test_one_deadline_ends_the_whole_exchange(
    behave: Callable[[socket.socket], None], seconds: Callable[[], float]
) -> None:
    with serving(behave) as server, pytest.raises(Interrupted, match="too long"):
        get(server.url, timeout=0.5)

    assert seconds() < 2


@pytest.mark.parametrize(
    "behave",
    [
        hang_up,
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"\x00\x01 what is this\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 100_000,
    ],
)
def test_an_answer_that_breaks_off_or_makes_no_sense_leaves_the_request_in_doubt(behave: Any) -> None:
    with serving(behave) as server, pytest.raises(Interrupted):
        post(server)


@pytest.mark.parametrize("framed", [True, False])
def test_an_answer_of_more_than_a_megabyte_is_not_read(framed: bool) -> None:
    body = b"a" * (http.LARGEST + 1)
    told = says("200 OK", body) if framed else b"HTTP/1.1 200 OK\r\n\r\n" + body
    with serving(told) as server, pytest.raises(Oversized):
        get(server.url)
    with serving(says("200 OK", body[:-1])) as server:
        assert len(get(server.url).body) == http.LARGEST


def test_a_budget_of_the_caller_shortens_every_request_in_it(seconds: Callable[[], float]) -> None:
    with serving(hang) as server, http.within(0.3), pytest.raises(Interrupted):
        get(server.url, timeout=10)
    with serving(hang) as server, http.within(0), pytest.raises(Unreachable):
        get(server.url, timeout=10)

    assert seconds() < 2


# Outside ---------------------------------------------------------------------------------------------------------

INSIDE = """0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 192.0.0.1 192.168.1.1 198.18.0.1
 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 fe80::1 fc00::1 fd12::1 fec0::1 ff02::1 2001:db8::1 ::ffff:127.0.0.1
 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2002:7f00:1::1 2002:c0a8:101::""".split()
OUTSIDE = "1.1.1.1 203.0.112.1 2606:4700::1111 64:ff9b::101:101 ::ffff:1.1.1.1".split()


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_behind_the_shop_are_not_public(address: str) -> None:
    assert not outbound.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert outbound.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}/", "http://localhost:{}/", "http://0.0.0.0:{}/", "http://[::]:{}/"]
)
def test_this_machine_is_refused_whatever_it_is_called(allowed: Callable[..., None], url: str) -> None:
    allowed()
    with serving(says()) as server, pytest.raises(Unreachable, match="not public"):
        get(url.format(server.port))

    assert server.heard == []


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_odd_spellings_of_this_machine_are_refused(allowed: Callable[..., None], spelling: str) -> None:
    allowed()
    with serving(says()) as server, pytest.raises(Unreachable):
        get(f"http://{spelling}:{server.port}/")

    assert server.heard == []


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1:{}", "127.0.0.0/8", "localhost", "LOCALHOST:{}", "::1"])
def test_what_is_allowed_by_name_by_door_or_by_network_is_reached(allowed: Callable[..., None], entry: str) -> None:
    with serving(says()) as server:
        allowed(entry.format(server.port))
        host = "localhost" if entry.lower().startswith("localhost") else "127.0.0.1"
        if entry == "::1":
            with pytest.raises(Unreachable):
                get(f"http://{host}:{server.port}/")
        else:
            assert get(f"http://{host}:{server.port}/").status == 200


def test_another_door_of_an_allowed_host_stays_closed(allowed: Callable[..., None]) -> None:
    allowed("127.0.0.1:9")
    with serving(says()) as server, pytest.raises(Unreachable, match="not public"):
        get(server.url)


def test_a_network_nobody_can_read_stops_the_start(allowed: Callable[..., None]) -> None:
    with pytest.raises(BadSetting, match="OUTBOUND_ALLOW"):
        allowed("10.0.0.0/99")


def test_the_socket_goes_to_the_address_that_was_looked_at(
    allowed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is looked at and ours a moment later (DNS rebinding) is asked once."""
    answers, gone_to = iter(["203.0.112.1", "127.0.0.1"]), list[Any]()
    allowed()

    def resolve(host: str, port: int, **_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def dial(address: Any, timeout: float) -> Any:
        gone_to.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", dial)
    with pytest.raises(Unreachable):
        get("http://rebinding.example/")

    assert gone_to == [("203.0.112.1", 80)]


def test_of_several_addresses_only_the_public_ones_are_tried(
    allowed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_to = list[Any]()
    allowed()

    def resolve(host: str, port: int, **_: Any) -> Any:
        return [(0, 0, 6, "", (address, port)) for address in ("10.0.0.1", "203.0.112.1", "::1", "203.0.112.2")]

    def dial(address: Any, timeout: float) -> Any:
        gone_to.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", dial)
    with pytest.raises(Unreachable):
        get("https://mixed.example/")

    assert gone_to == ["203.0.112.1", "203.0.112.2"]


# Logs ------------------------------------------------------------------------------------------------------------


class Journal:
    """Keeps what is logged, whatever the level of the process."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def info(self, event: str, **more: Any) -> None:
        self.entries.append({"event": event} | more)


def test_the_log_says_where_and_how_it_ended_and_never_what(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    monkeypatch.setattr(http, "log", journal)
    with serving(says("200 OK", b"sesame")) as server:
        get(f"{server.url}/open?sesame=1", headers={"X-Sesame": "sesame"})
    with pytest.raises(Unreachable):
        get("http://10.0.0.1/sesame")

    first, second = journal.entries
    assert (first["method"], first["to"], first["status"]) == ("GET", server.url, 200)
    assert (second["to"], second["status"][:11]) == ("http://10.0.0.1", "Unreachable")
    assert "sesame" not in repr(journal.entries)
