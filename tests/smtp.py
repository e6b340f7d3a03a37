"""A real mail server on this machine: TLS with a certificate of its own authority, log-in, and every kind of fault."""

import asyncio
import email
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.kit import mail, smtp
from app.kit.secret import Secret

FINE = "250 OK"
SENDER = "shop@example.com"
USER, PASSWORD = "miaofa", "a password for the mail server"


@dataclass(frozen=True)
class Received:
    """A letter that the server took, and whom it is for."""

    to: tuple[str, ...]
    content: bytes = field(repr=False)
    smtputf8: bool = False

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=default)

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """Takes letters; what it says at each step may be changed, also to a fault."""

    port: int = 0
    letters: list[Received] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)  # of the envelopes, as announced
    connections: int = 0
    on_mail: Callable[[], str] = lambda: FINE
    on_rcpt: Callable[[str], str] = lambda to: FINE
    on_letter: Callable[[Received], str] = lambda letter: FINE
    cut: str = ""  # hang up before the "letter" is kept, or "after" it was
    dead: bool = False  # hang up on whoever comes
    slow: float = 0.0  # seconds before a letter is answered
    server: Any = None

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.on_mail()
        if said == FINE:
            envelope.mail_from = address
            self.senders.append(address)
            envelope.smtp_utf8 = "SMTPUTF8" in options
        return said

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.on_rcpt(address)
        if said == FINE:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content
        assert isinstance(content, bytes)
        letter = Received(tuple(envelope.rcpt_tos), content, bool(envelope.smtp_utf8))
        said = self.on_letter(letter)
        if self.cut == "before":
            server.transport.abort()
            return said
        if said.startswith("2"):
            self.letters.append(letter)
        if self.cut == "after":
            server.transport.abort()
        await asyncio.sleep(self.slow)
        return said

    def line(self, *, tls: str = "", trust: ssl.SSLContext | None = None, **more: Any) -> smtp.Smtp:
        """Return the way to this server."""
        return smtp.Smtp(smtp.Server("127.0.0.1", self.port, tls, **more), SENDER, trust)

    def until(self, count: int, seconds: float = 10) -> list[Received]:
        """Wait until so many letters came, and return them."""
        end = time.monotonic() + seconds
        while len(self.letters) < count and time.monotonic() < end:
            time.sleep(0.01)
        return self.letters


@contextmanager
def running(*, tls: str = "", certificate: ssl.SSLContext | None = None, log_in: bool = False) -> Iterator[MailServer]:
    """Run a mail server in a thread until the block ends; `tls` is "smtps", "starttls" or "" as in the shop."""
    found, loop = MailServer(), asyncio.new_event_loop()

    def greet() -> SMTP:
        found.connections += 1
        options: dict[str, Any] = {"enable_SMTPUTF8": True, "ident": "a mail server", "loop": loop}
        if tls == "starttls":
            options |= {"tls_context": certificate, "require_starttls": True}
        if log_in:
            options |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": True}
        protocol = SMTP(found, **options)
        if found.dead:
            protocol.connection_made = lambda transport: transport.abort()  # type: ignore[attr-defined, method-assign]
        return protocol

    inside = certificate if tls == "smtps" else None
    server = loop.run_until_complete(loop.create_server(greet, "127.0.0.1", 0, ssl=inside))
    found.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


@contextmanager
def listening() -> Iterator[MailServer]:
    """Run a server to which every letter goes."""
    before = mail._opener
    with running() as server:
        mail.configure(opener=server.line().opened)
        yield server
    mail.configure(opener=before)


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    known = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=known)


LOG_IN: dict[str, Any] = {"user": USER, "password": Secret(PASSWORD)}


# Certificates ----------------------------------------------------------------------------------------------------


def certificates(folder: Path, *, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the server's side with a certificate for `host`, and the side of a client that trusts its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a mail server")])
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    kept = folder / "server.pem"
    pem = serialization.Encoding.PEM
    kept.write_bytes(key.private_bytes(pem, *secret) + certificate.public_bytes(pem))
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(kept)
    return ours, ssl.create_default_context(cadata=certificate.public_bytes(pem).decode())
