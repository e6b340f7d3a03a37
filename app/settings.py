"""Settings: read once from the environment; a missing or bad one stops the start and says how to mend it."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MASTER_BYTES = 32
SPOOL = "spool"
DOMAIN = re.compile(r"(?=.{4,190}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
MAIL_SCHEMES = {"smtp", "smtps"}
SHORTEST_SECRET = 32
TRUE = {"1", "true", "yes", "on"}


class BadSetting(SystemExit):
    """One sentence for the person who starts the program: which setting, what is wrong, how to mend it."""

    def __init__(self, name: str, wrong: str, mend: str) -> None:
        super().__init__(f"miaofa: {name} {wrong}. {mend}")


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides; the table in the README explains each."""

    instance: Path
    database_url: str
    database_owner_url: str
    redis_url: str | None
    secret_keys: tuple[str, ...]
    master_keys: tuple[bytes, ...]
    base_url: str
    port: int
    trusted_proxies: int
    outbound_allow: tuple[str, ...]
    demo: bool
    mail: str  # "spool", or the address of a mail server, which may hold a password
    mail_from: str
    test_gateway_url: str
    test_gateway_secret: str
    gateways: Mapping[str, str]  # addresses of payment gateways by name, where they are not the real ones
    log_level: str
    mail_bounce_domain: str = ""  # letters that come back go to an address of their own there; "" to `mail_from`

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings of this process; raises BadSetting (a SystemExit) with a sentence."""
        get = _Reader(os.environ if env is None else env)
        instance = Path(get("INSTANCE", "instance")).resolve()
        port = get.number("PORT", 8000, 1, 65535)
        demo = get("DEMO").lower() in TRUE
        keys = _Keys(get, config_folder(get), embedded=demo or not get("DATABASE_URL"))
        database_url = get.database("DATABASE_URL") or f"sqlite:///{instance / 'miaofa.db'}"
        base_url = get.url("BASE_URL", f"http://127.0.0.1:{port}")
        if demo and not is_loopback(base_url):
            raise BadSetting("DEMO", "is on while BASE_URL is not a loopback address", "Unset DEMO, or BASE_URL.")
        secret_keys = keys.secret()
        return cls(
            instance=instance,
            database_url=database_url,
            database_owner_url=get.database("DATABASE_OWNER_URL") or database_url,
            redis_url=get("REDIS_URL") or None,
            secret_keys=secret_keys,
            master_keys=keys.master(),
            base_url=base_url,
            port=port,
            trusted_proxies=get.number("TRUSTED_PROXIES", 0, 0, 9),
            outbound_allow=tuple(part for part in get("OUTBOUND_ALLOW").replace(",", " ").split() if part),
            demo=demo,
            mail=get.mail("MAIL"),
            mail_from=get.sender("MAIL_FROM", f"no-reply@{urlsplit(base_url).hostname}"),
            **_gateways(get, port, secret_keys),
            log_level=get("LOG_LEVEL", "INFO").upper(),
            mail_bounce_domain=get.domain("MAIL_BOUNCE_DOMAIN"),
        )


def _gateways(get: "_Reader", port: int, secret_keys: tuple[str, ...]) -> dict[str, Any]:
    return {
        "test_gateway_url": get.url("TEST_GATEWAY_URL", f"http://127.0.0.1:{min(port + 1, 65535)}"),
        "test_gateway_secret": get("TEST_GATEWAY_SECRET") or _derived(secret_keys, "test gateway"),
        "gateways": get.urls("GATEWAYS"),
    }


class _Reader:
    """Reads `NAME`, or the file that `NAME_FILE` names."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env

    def __call__(self, name: str, default: str = "") -> str:
        if path := self.env.get(f"{name}_FILE"):
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise BadSetting(
                    f"{name}_FILE", f"cannot be read ({error.strerror})", "Name a readable file."
                ) from None
        return self.env.get(name, "").strip() or default

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self(name, str(default))
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise BadSetting(name, f"is {text!r}", f"Give a whole number from {least} to {most}.")
        return int(text)

    def urls(self, name: str) -> dict[str, str]:
        """Return addresses by name, as `alipay=http://127.0.0.1:8002 wechat=…`."""
        found = {}
        for part in self(name).replace(",", " ").split():
            key, _, url = part.partition("=")
            if not key or urlsplit(url).scheme not in ("http", "https"):
                raise BadSetting(name, f"holds {part!r}", "Give name=https://host, several with spaces between.")
            found[key] = url.rstrip("/")
        return found

    def mail(self, name: str) -> str:
        """Return `spool`, or the address of a mail server."""
        text = self(name, SPOOL)
        mend = "Give spool, smtp://user:password@host:587 or smtps://user:password@host:465."
        try:
            parts = urlsplit(text)
            known = text == SPOOL or (parts.scheme in MAIL_SCHEMES and parts.hostname and (parts.port or 1) > 0)
        except ValueError:  # a port that is none
            known = False
        if not known:
            raise BadSetting(name, "names no way for letters that we know", mend)  # it may hold a password: not shown
        return text

    def sender(self, name: str, default: str) -> str:
        """Return the address that letters come from; a mail server takes none that was made up."""
        text = self(name, default if self("MAIL", SPOOL) == SPOOL else "")
        user, _, host = text.rpartition("@")
        if not user or not host or not text.isascii() or not text.isprintable() or set(text) & set(" <>,;"):
            wrong = f"is {text!r}" if text else "is missing"
            raise BadSetting(name, wrong, "Give an address of yours, such as shop@example.com.")
        return text

    def domain(self, name: str) -> str:
        text = self(name).lower()
        if text and not DOMAIN.fullmatch(text):
            raise BadSetting(name, f"is {text!r}", "Give a name such as bounces.example.com.")
        return text

    def url(self, name: str, default: str) -> str:
        text = self(name, default).rstrip("/")
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadSetting(name, f"is {text!r}", "Give an address such as https://shop.example.com.")
        return text

    def database(self, name: str) -> str:
        text = self(name)
        for short in ("postgres://", "postgresql://"):
            if text.startswith(short):
                text = "postgresql+psycopg://" + text.removeprefix(short)
        if text and not text.startswith(("postgresql+psycopg://", "sqlite:///")):
            raise BadSetting(
                name, "is of no engine we know", "Give postgresql://user@host/name or sqlite:////path/file.db."
            )
        return text


class _Keys:
    """The two key rings; embedded installations make their own, outside the instance folder, mode 0600."""

    def __init__(self, get: _Reader, folder: Path, *, embedded: bool) -> None:
        self.get, self.folder, self.embedded = get, folder, embedded

    def secret(self) -> tuple[str, ...]:
        mend = f"Give one or more random texts of at least {SHORTEST_SECRET} characters, newest first, comma-separated."
        keys = _listed(self._ring("SECRET_KEYS", mend))
        if any(len(key) < SHORTEST_SECRET for key in keys):
            raise BadSetting("SECRET_KEYS", "holds a key that is too short", mend)
        return keys

    def master(self) -> tuple[bytes, ...]:
        mend = (
            f"Give one or more keys of {MASTER_BYTES} random bytes in base64 or hex, newest first, comma-separated"
            " (openssl rand -base64 32)."
        )
        keys = tuple(_bytes(text) for text in _listed(self._ring("MASTER_KEYS", mend)))
        if any(key is None for key in keys):
            raise BadSetting("MASTER_KEYS", "holds something that is not such a key", mend)
        return tuple(key for key in keys if key is not None)

    def _ring(self, name: str, mend: str) -> str:
        text = self.get(name)
        if text:
            return text
        if not self.embedded:
            raise BadSetting(name, "is missing", mend)
        return _kept(self.folder / f"{name.lower()}.txt", name)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", ",").split(",") if part.strip())


def _kept(path: Path, name: str) -> str:
    """Return the embedded key ring, made once; two processes that start together end with the same one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(base64.b64encode(secrets.token_bytes(MASTER_BYTES)).decode())
        try:
            os.link(fresh, path)  # fails when it is there already, so nobody's key is overwritten
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadSetting(name, f"is not set, and {path} cannot be kept ({error.strerror})", f"Set {name}.") from None
    if not text:
        raise BadSetting(name, f"is empty in {path}", f"Restore that file from your backup, or set {name}.")
    return text


def config_folder(get: _Reader) -> Path:
    """Return where an embedded installation keeps its keys: never beside the database."""
    base = get("XDG_CONFIG_HOME") or str(Path(get("HOME") or Path.home()) / ".config")
    return Path(base) / "miaofa"


def _bytes(text: str) -> bytes | None:
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, altchars=b"-_", validate=True), base64.b64decode):
        try:
            raw = decode(text + "=" * (-len(text) % 4) if decode is not bytes.fromhex else text)
        except (ValueError, binascii.Error):
            continue
        if len(raw) == MASTER_BYTES:
            return raw
    return None


def _derived(secret_keys: tuple[str, ...], purpose: str) -> str:
    return hmac.digest(secret_keys[0].encode(), purpose.encode(), hashlib.sha256).hex()


def is_loopback(url: str) -> bool:
    """Return whether an address leads nowhere but to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
