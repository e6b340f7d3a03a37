"""Servers of the outside world, as polite or as rude as a test wants them."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Server:
    """Answers each connection with `behave`; keeps what it was sent."""

    port: int
    behave: Callable[[socket.socket], None]
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def says(status: str = "200 OK", body: bytes = b"", *headers: str) -> bytes:
    """Return the bytes of a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@contextmanager
def serving(behave: Callable[[socket.socket], None] | bytes, trust: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on this machine; bytes are sent as the answer to whatever was asked."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = Server(door.getsockname()[1], _sender(behave) if isinstance(behave, bytes) else behave)
        thread = threading.Thread(target=_serve, args=(door, server, trust), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)


def _sender(answer: bytes) -> Callable[[socket.socket], None]:
    return lambda line: line.sendall(answer)


def _serve(door: socket.socket, server: Server, trust: ssl.SSLContext | None) -> None:
    while True:
        try:
            line, _ = door.accept()
        except OSError:
            return
        with suppress(OSError), line:
            line.settimeout(5)
            with trust.wrap_socket(line, server_side=True) if trust else line as safe:
                server.heard.append(_hear(safe))
                server.behave(safe)


def _hear(line: socket.socket) -> bytes:
    """Read a whole request."""
    said = b""
    while b"\r\n\r\n" not in said:
        piece = line.recv(65536)
        if not piece:
            return said
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    length = next((int(row[15:]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for `name`; return what a server shows and the file a client may trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, secret = folder / "cert.pem", folder / "key.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(path, secret)
    return shown, path
