"""Who pays, where an app lets nobody pay before it has said who they are (WeChat's openid).

It is asked silently, comes back by the buyer's browser, and is kept there sealed for half an hour.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import request

from app.kit import crypto, db, tokens
from app.kit.effects import Done
from app.kit.http import Client
from app.kit.secret import Secret
from app.payments import queries as paying
from app.payments.queries import Account, Method, NamesBuyers
from app.web.cashier import scene
from app.web.guard import frame
from app.web.language import here
from app.web.render import Cookie, Redirect

ASKED, NAMED = "payer_asked", "payer"
PURPOSE = "payer in a browser"
ASKED_AGE, NAMED_AGE = timedelta(minutes=10), timedelta(minutes=30)
DAY = timedelta(days=1)
WAIT = 3.0


@dataclass(frozen=True)
class Asking:
    """A gateway that must know who pays here, and our account at it."""

    gateway: NamesBuyers
    account: Account


def ask_first(token: str, method_id: UUID | None) -> Redirect | None:
    """Return the way to where the app says who its user is, or None when that is known or need not be."""
    asking = db.read(frame().merchant_id, lambda: _asking(method_id))
    if asking is None or method_id is None or payer_of(method_id):
        return None
    nonce = secrets.token_hex(16)  # letters and digits alone come back from there
    back = request.url_root.rstrip("/") + here(".named", token=token)
    kept = tokens.sign(ASKED, [nonce, method_id.hex])
    cookie = Cookie(ASKED, kept, here(".order", token=token), ASKED_AGE / DAY)
    return Redirect(asking.gateway.identify_url(asking.account, back, nonce), cookies=(cookie,))


def _asking(method_id: UUID | None) -> Asking | None:
    method = db.find(Method, method_id) if method_id else None
    gateway = paying.gateway_of(method) if method else None
    if method is None or not isinstance(gateway, NamesBuyers) or not gateway.needs_payer(scene()):
        return None
    return Asking(gateway, method.bare)


def method_asked() -> UUID | None:
    """Return for which way to pay this very browser went to be named, or None for an answer to nobody's question."""
    given = tokens.read(ASKED, request.cookies.get(ASKED, ""), max_age=round(ASKED_AGE.total_seconds()))
    nonce, method = given or ("", "")
    same = secrets.compare_digest(nonce.encode(), request.args.get("state", "").encode())
    return UUID(method) if nonce and same else None


def name_buyer(method_id: UUID, code: str) -> str:
    """Return who is behind a code, as the app says, or nothing."""
    merchant = frame().merchant_id
    asking = db.read(merchant, lambda: _asking(method_id))
    if asking is None or not code:
        return ""
    account = db.read(merchant, lambda: paying.get_channel(method_id)).account
    with Client(WAIT) as http:
        answer = asking.gateway.identify(code, account, http)
    return str(answer.value) if isinstance(answer, Done) else ""


def keep_buyer(method_id: UUID, payer: str) -> Cookie:
    """Return the cookie that keeps who pays, readable to nobody but us."""

    def seal() -> tuple[UUID, bytes]:
        key = crypto.key_for(PURPOSE)
        return key.id, key.seal("payment_method", "payer", method_id, Secret(payer))

    key_id, blob = db.write(frame().merchant_id, seal)
    kept = tokens.sign(NAMED, [method_id.hex, key_id.hex, urlsafe_b64encode(blob).decode()])
    return Cookie(NAMED, kept, here(".home"), NAMED_AGE / DAY)


def named_for() -> UUID | None:
    """Return for which way to pay an app named the buyer before this browser; whom it named is still sealed."""
    given = tokens.read(NAMED, request.cookies.get(NAMED, ""), max_age=round(NAMED_AGE.total_seconds()))
    return UUID(given[0]) if given else None


def payer_of(method_id: UUID | None) -> str:
    """Return how the app names the buyer before this browser, where it said so lately for this way to pay."""
    given = tokens.read(NAMED, request.cookies.get(NAMED, ""), max_age=round(NAMED_AGE.total_seconds()))
    method, key, blob = given or ("", "", "")
    if method_id is None or method != method_id.hex:
        return ""
    merchant = frame().merchant_id
    place = crypto.Sealed("payment_method", "payer", merchant, method_id, UUID(key), urlsafe_b64decode(blob))
    try:
        return db.read(merchant, lambda: crypto.unseal(place, PURPOSE)).expose()
    except crypto.Unreadable:
        return ""
