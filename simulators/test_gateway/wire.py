"""What arrives over the wire: signed starts and queries, checked before anything believes them."""

import re
from collections.abc import Set
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl

from simulators.test_gateway.currencies import CURRENCIES
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.signing import merchant_key, same, sign_parameters

QUERY = ("merchant_no", "out_trade_no", "timestamp", "sign")
START = (
    "merchant_no",
    "out_trade_no",
    "amount",
    "currency",
    "subject",
    "notify_url",
    "return_url",
    "timestamp",
    "sign",
)
FRESH_SECONDS = 15 * 60
# Stricter than any URL parser, so that browsers, http.client and we read the same host: no user name, no backslash.
ADDRESS = re.compile(
    r"(?=.{1,2000}\Z)https?://(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{1,5}))?(?:[/?#][!-~]*)?"
)


@dataclass(frozen=True)
class Start:
    """A verified wish of a shop to be paid."""

    merchant_no: str
    out_trade_no: str
    amount: int
    currency: str
    subject: str
    notify_url: str
    return_url: str
    timestamp: int


@dataclass(frozen=True)
class Query:
    """A verified question of a shop about one of its trades."""

    merchant_no: str
    out_trade_no: str


def read_start(query_string: bytes, *, secret: str, now: float, allowed_hosts: Set[str]) -> Start:
    """Return the start, or refuse it with the first thing that is wrong."""
    given = _verified(query_string, START, secret, now)
    _match(r"[1-9][0-9]{0,11}", given["amount"], "bad_amount")
    if given["currency"] not in CURRENCIES:
        raise Refused("unknown_currency", _shown(given["currency"]))
    _match(r"(?=.*\S)[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,256}", given["subject"], "bad_subject")
    for name in ("notify_url", "return_url"):
        _check_address(name, given[name], allowed_hosts)
    del given["sign"]
    return Start(**given | {"amount": int(given["amount"]), "timestamp": int(given["timestamp"])})  # type: ignore[arg-type]


def read_query(query_string: bytes, *, secret: str, now: float) -> Query:
    """Return the query, or refuse it with the first thing that is wrong."""
    given = _verified(query_string, QUERY, secret, now)
    return Query(given["merchant_no"], given["out_trade_no"])


def _verified(query_string: bytes, names: tuple[str, ...], secret: str, now: float) -> dict[str, str]:
    given = _parameters(query_string, names)
    expected = sign_parameters(merchant_key(secret, given["merchant_no"]), given)
    if not same(given["sign"], expected):
        raise Refused("bad_signature")
    _match(r"[0-9]{1,12}", given["timestamp"], "bad_timestamp")
    if abs(now - int(given["timestamp"])) > FRESH_SECONDS:
        raise Refused("stale_timestamp")
    _match(r"[A-Za-z0-9_-]{1,64}", given["merchant_no"], "bad_merchant")
    _match(r"[A-Za-z0-9_-]{1,30}", given["out_trade_no"], "bad_out_trade_no")
    return given


def _parameters(query_string: bytes, names: tuple[str, ...]) -> dict[str, str]:
    """Return exactly the named parameters: two readings of one canonical text must not both be complete."""
    try:
        pairs = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=30)
    except ValueError as error:
        raise Refused("malformed") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refused("malformed")
    if missing := [name for name in names if name not in given]:
        raise Refused("missing_parameter", ", ".join(missing))
    if unknown := given.keys() - set(names):
        raise Refused("unknown_parameter", _shown(", ".join(sorted(unknown))))
    return given


def origin(address: str) -> str:
    """Return scheme, host and port of a checked address, as a source for a content security policy."""
    scheme, host = address.split("/", 3)[0], re.split(r"[/?#]", address, maxsplit=3)[2]
    # The policy's grammar knows no IPv6 hosts.
    return scheme if host.startswith("[") else f"{scheme}//{host}"


def _check_address(name: str, address: str, allowed_hosts: Set[str]) -> None:
    found = ADDRESS.fullmatch(address)
    if not (found and 0 < int(found["port"] or 80) < 65536 and _is_allowed(found["host"].strip("[]"), allowed_hosts)):
        raise Refused("address_refused", f"{name}={_shown(address)}")


def _is_allowed(host: str, allowed_hosts: Set[str]) -> bool:
    try:
        return host in allowed_hosts or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _match(pattern: str, value: str, code: str) -> None:
    if not re.fullmatch(pattern, value):
        raise Refused(code, _shown(value))


def _shown(value: str) -> str:
    return repr(value[:80] + "…" if len(value) > 80 else value)
