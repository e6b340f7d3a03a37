"""SMTP: hands letters to a mail server, many over one connection.

What each answer means for a letter is told apart to the point: until its last dot has gone out the server has nothing
of it; after that dot only the server's answer tells. A server elsewhere is spoken to over TLS alone, its certificate
checked; one on this very machine may do without, since nothing leaves it.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from functools import partial
from urllib.parse import unquote, urlsplit
from uuid import UUID

from app.kit import http, mail
from app.kit.secret import Secret

SECONDS = 20.0  # for each answer
LAST_SECONDS = 60.0  # for the answer to a letter, which the server may put on its disk first
LONGEST_SAID = 160
HERE = {"localhost", "127.0.0.1", "::1"}
ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class Broken(Exception):
    """The connection is of no use any more, and no letter is on its way over it."""


@dataclass(frozen=True)
class Server:
    """A mail server, and how it is spoken to: `tls` is "smtps", "starttls" or "" for none."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: Secret | None = None

    @classmethod
    def at(cls, url: str) -> "Server":
        """Return the server of `smtp://user:password@host:587` (STARTTLS) or `smtps://host:465`."""
        parts = urlsplit(url)
        host, inside = parts.hostname or "", parts.scheme == "smtps"
        tls = "smtps" if inside else "" if host in HERE else "starttls"
        password = Secret(unquote(parts.password)) if parts.password else None
        return cls(host, parts.port or (465 if inside else 587), tls, unquote(parts.username or ""), password)


@dataclass(frozen=True)
class Smtp:
    """The way to one mail server, from one address."""

    server: Server
    sender: str
    trust: ssl.SSLContext | None = None  # by default the authorities that all outgoing calls trust

    @contextmanager
    def opened(self) -> Iterator["Line"]:
        line = Line(self.server, self.sender, self.trust or http.trust())
        try:
            yield line
        finally:
            line.close()


class Line:
    """One connection, opened with its first letter, and anew when it broke between two."""

    def __init__(self, server: Server, sender: str, trust: ssl.SSLContext) -> None:
        self._server, self._sender, self._trust = server, sender, trust
        self._smtp: smtplib.SMTP | None = None

    def send(self, letter: mail.Letter, *, key: UUID) -> str:
        content = mail.composed(letter, key, self._sender, cte="base64")
        smtp = self._announced(letter.to, letter.return_path or self._sender)
        self._write(smtp, LEADING_DOT.sub(b"..", content))
        return self._ended(smtp)

    def check(self) -> None:
        try:
            self._open().noop()
        except (Broken, OSError) as error:
            raise mail.NotSent(_reason(error)) from None

    def close(self) -> None:
        """Say good-bye, if there is anybody."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except OSError:
                smtp.close()

    # Connecting ------------------------------------------------------------------------------------------------

    def _open(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._smtp = self._connected()
        return self._smtp

    def _connected(self) -> smtplib.SMTP:
        server, name = self._server, self._sender.rpartition("@")[2]
        kind = partial(smtplib.SMTP_SSL, context=self._trust) if server.tls == "smtps" else smtplib.SMTP
        smtp: smtplib.SMTP | None = None
        try:
            smtp = kind(server.host, server.port, name, timeout=SECONDS)
            if smtp.sock:  # else the dot that ends a letter waits for the acknowledgement of the letter, 40 ms
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if server.tls == "starttls":
                smtp.starttls(context=self._trust)
            smtp.ehlo_or_helo_if_needed()
            if server.user:
                smtp.login(server.user, server.password.expose() if server.password else "")
        except OSError as error:
            if smtp is not None:
                smtp.close()
            raise Broken(_reason(error)) from None
        return smtp

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    # One letter ------------------------------------------------------------------------------------------------

    def _announced(self, to: str, back: str) -> smtplib.SMTP:
        """Return the connection when the server waits for the letter; an old one that broke is replaced once."""
        was_open = self._smtp is not None
        try:
            return self._announce(to, back)
        except Broken as error:
            if not was_open:
                raise mail.NotSent(str(error)) from None
        try:
            return self._announce(to, back)
        except Broken as error:
            raise mail.NotSent(str(error)) from None

    def _announce(self, to: str, back: str) -> smtplib.SMTP:
        smtp = self._open()
        try:
            options = ["SMTPUTF8"] if not to.isascii() else []
            if options and not smtp.has_extn("smtputf8"):
                raise mail.NotTaken("the mail server knows no addresses with such letters")
            # A sender that is refused is a fault of ours, which ends for all letters once it is mended.
            self._expect(250, smtp.mail(back, options), lasting=False)
            self._expect(250, smtp.docmd("RCPT", f"TO:<{_quoted(to)}>"), lasting=True)
            self._expect(354, smtp.docmd("DATA"), lasting=True)
        except OSError as error:
            self._drop()
            raise Broken(_reason(error)) from None
        return smtp

    def _expect(self, wanted: int, answer: tuple[int, bytes], *, lasting: bool) -> None:
        """Raise unless the server agreed; a no that is `lasting` is for good when the server says so."""
        code = answer[0]
        if code == wanted or (wanted == 250 and code == 251):
            return
        if code == 421 or code < 0:  # it hangs up
            self._drop()
            raise Broken(_said(answer))
        self._forget()
        raise (mail.NotTaken if lasting and 500 <= code < 600 else mail.NotSent)(_said(answer))

    def _forget(self) -> None:
        """Take back what was announced of a letter."""
        try:
            if self._smtp is not None and self._smtp.rset()[0] != 250:
                self._drop()
        except OSError:
            self._drop()

    def _write(self, smtp: smtplib.SMTP, content: bytes) -> None:
        try:
            smtp.send(content if content.endswith(b"\r\n") else content + b"\r\n")
        except OSError as error:
            self._drop()
            raise mail.NotSent(_reason(error)) from None  # without its last dot it is no letter

    def _ended(self, smtp: smtplib.SMTP) -> str:
        """Send the dot that ends a letter, and return what the server calls it."""
        try:
            if smtp.sock:
                smtp.sock.settimeout(LAST_SECONDS)
            smtp.send(b".\r\n")
            answer = smtp.getreply()
            if smtp.sock:
                smtp.sock.settimeout(SECONDS)
        except OSError as error:
            self._drop()
            raise mail.Doubtful(f"no answer to the letter: {_reason(error)}") from None
        code = answer[0]
        if 200 <= code < 300:
            return _said(answer)
        self._forget()
        if 400 <= code < 600:
            raise (mail.NotTaken if code >= 500 else mail.NotSent)(_said(answer))
        raise mail.Doubtful(f"no clear answer to the letter: {_said(answer)}")


def _quoted(to: str) -> str:
    """Return an address by its parts: an odd name stays one recipient, and the one it is."""
    user, _, domain = to.rpartition("@")
    return Address("", user, domain).addr_spec


def _said(answer: tuple[int, bytes]) -> str:
    """Return an answer of the server in a line, without the addresses that it likes to repeat."""
    text = " ".join(answer[1].decode("utf-8", "replace").split())
    shown = "".join(letter for letter in ADDRESS.sub("(address)", text) if letter.isprintable())
    return f"{answer[0]} {shown}"[:LONGEST_SAID]


def _reason(error: Exception) -> str:
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return _said((error.smtp_code, said))
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of the mail server is not good: {error.verify_message}"
    if isinstance(error, TimeoutError) or "timed out" in str(error):  # smtplib repeats it in words of its own
        return "the mail server took too long"
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionResetError | BrokenPipeError):
        return "the mail server hung up"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server does not offer what is asked of it (TLS or log-in)"
    return f"the mail server cannot be reached: {type(error).__name__}"
