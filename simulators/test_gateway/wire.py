"""What arrives over the wire: signed starts and questions, checked before anything believes them."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl

from simulators.test_gateway.currencies import CURRENCIES
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.signing import merchant_key, same, sign_parameters

QUERY = CLOSE = ("merchant_no", "out_trade_no", "timestamp", "sign")
REFUND = ("merchant_no", "out_trade_no", "out_refund_no", "amount", "currency", "timestamp", "sign")
REFUND_QUERY = ("merchant_no", "out_refund_no", "timestamp", "sign")
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
class Wish:
    """A shop's verified wish that money goes back."""

    merchant_no: str
    out_trade_no: str
    out_refund_no: str
    amount: int
    currency: str


def read_start(query_string: bytes, *, secret: str, now: float, allowed_hosts: Set[str]) -> Start:
    """Return the start, or refuse it with the first thing that is wrong."""
    given = _verified(query_string, START, secret, now)
    _check_numbers(given)
    _check_money(given)
    _match(r"(?=.*\S)[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,256}", given["subject"], "bad_subject")
    for name in ("notify_url", "return_url"):
        _check_address(name, given[name], allowed_hosts)
    del given["sign"]
    return Start(**given | {"amount": int(given["amount"]), "timestamp": int(given["timestamp"])})  # type: ignore[arg-type]


def read_question(message: bytes, names: tuple[str, ...], *, secret: str, now: float) -> dict[str, str]:
    """Return the parameters of a question that a shop signed; what they say is still to be checked."""
    return _verified(message, names, secret, now)


def read_number(given: Mapping[str, str], name: str) -> str:
    """Return the shop's number of this name, or refuse its shape."""
    _check_numbers(given)
    return given[name]


def read_wish(given: Mapping[str, str]) -> Wish:
    """Return the refund that a verified question asks for, or refuse it with the first thing that is wrong."""
    _check_numbers(given)
    _check_money(given)
    fields = {name: given[name] for name in ("merchant_no", "out_trade_no", "out_refund_no", "currency")}
    return Wish(**fields, amount=int(given["amount"]))


def _verified(query_string: bytes, names: tuple[str, ...], secret: str, now: float) -> dict[str, str]:
    given = _parameters(query_string, names)
    expected = sign_parameters(merchant_key(secret, given["merchant_no"]), given)
    if not same(given["sign"], expected):
        raise Refused("bad_signature")
    _match(r"[0-9]{1,12}", given["timestamp"], "bad_timestamp")
    if abs(now - int(given["timestamp"])) > FRESH_SECONDS:
        raise Refused("stale_timestamp")
    return given


def _check_numbers(given: Mapping[str, str]) -> None:
    _match(r"[A-Za-z0-9_-]{1,64}", given["merchant_no"], "bad_merchant")
    for name in ("out_trade_no", "out_refund_no"):
        if name in given:
            _match(r"[A-Za-z0-9_-]{1,30}", given[name], f"bad_{name}")


def _check_money(given: Mapping[str, str]) -> None:
    _match(r"[1-9][0-9]{0,11}", given["amount"], "bad_amount")
    if given["currency"] not in CURRENCIES:
        raise Refused("unknown_currency", _shown(given["currency"]))


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
