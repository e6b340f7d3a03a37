"""What can be done with payments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.dialects import postgresql, sqlite

from app.kit import crypto, db
from app.kit.events import By, publish
from app.kit.ids import base32, from_base32, new_id
from app.kit.money import Money
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.merchants import queries as merchants
from app.merchants import service as addresses
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order, Tender, TenderState
from app.payments import queries
from app.payments.errors import NoSuchMethod, SandboxOnly
from app.payments.events import NoticeRefused, NoticeSurplus, PaymentStarted
from app.payments.models import Method, Notice, NoticeState
from app.payments.providers import Forged, Start, Told, provider

CREDENTIALS = "payment credentials"
LONGEST_BODY = 64 * 1024


def add_method(*, provider_name: str, account: str, credentials: Secret, now: datetime) -> Method:
    """Let the shop be paid through a gateway; test gateways only in a sandbox, live ones never there."""
    if provider(provider_name).sandbox != merchants.current().sandbox:
        raise SandboxOnly
    number, token = new_id(), random_token()
    key = crypto.key_for(CREDENTIALS)
    method = Method(
        id=number,
        provider=provider_name,
        enabled=True,
        position=0,
        account=account,
        credentials=key.seal("payment_method", "credentials", number, credentials),
        key_id=key.id,
        hook_token=token,
        created_at=now,
    )
    db.session().add(method)
    addresses.list_address("hook", token, target=number.hex)
    db.session().flush()
    return method


@dataclass(frozen=True)
class Started:
    """A payment that may begin: the tender's number at the gateway, what for, what is due, and how to get there."""

    trade: str
    title: str
    due: Money
    channel: queries.Channel
    hook_token: str


def start(order: Order, method_id: UUID | None, *, now: datetime, by: By) -> Started:
    """Let an unpaid order be paid by a method of the shop; refuses with NotPayable or NoSuchMethod."""
    method = db.find(Method, method_id) if method_id else None
    if method is None or not method.enabled:
        raise NoSuchMethod
    tender = ordering.choose_method(order, method.id)
    publish(
        PaymentStarted(
            subject_id=tender.id, order_id=order.id, method_id=method.id, provider=method.provider, at=now, by=by
        )
    )
    return Started(base32(tender.id), order.lines[0].title, tender.due, queries.channel(method), method.hook_token)


def gateway_page(started: Started, *, subject: str, notify_url: str, return_url: str, at: datetime) -> str:
    """Return the address of the gateway's page where a started payment is made; needs no network."""
    channel = started.channel
    asked = Start(started.trade, started.due, subject, notify_url, return_url, at)
    return provider(channel.provider).start(asked, channel.account, channel.credentials)


# Notices ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrived:
    """A notice as it came in: what it says, or why it is not believed."""

    method_id: UUID
    said: Told | Forged
    body: str
    at: datetime


def read(channel: queries.Channel, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Arrived:
    """Return what a gateway told us, verified; touches no database."""
    said: Told | Forged
    try:
        said = provider(channel.provider).read(headers, body, channel.account, channel.credentials, now)
    except Forged as forged:
        said = forged
    return Arrived(channel.method_id, said, body[:LONGEST_BODY].decode("utf-8", "replace").replace("\0", "�"), now)


def too_large(channel: queries.Channel, *, now: datetime) -> Arrived:
    """Return the record of a body that was too large to be read."""
    return Arrived(channel.method_id, Forged("too large"), "", now)


def acknowledgement(channel: queries.Channel) -> str:
    """Return the word that makes a gateway stop telling us."""
    return provider(channel.provider).accepted


def apply(arrived: Sequence[Arrived]) -> bool:
    """Store notices and let the authentic new ones pay their tenders; one of each statement however many.

    Returns whether all were authentic, that is, whether the gateway may stop telling us.
    """
    forged = [notice for notice in arrived if isinstance(notice.said, Forged)]
    for notice in forged:
        _refuse(_row(notice), str(notice.said))
    rows = _new([_row(notice) for notice in arrived if isinstance(notice.said, Told)])
    applied = _pay(rows)
    odd = [row for row in rows if row["id"] not in applied]
    if odd:
        tenders = orders.list_tenders([row["tender_id"] for row in odd])
        for row in odd:
            _set_aside(row, tenders.get(row["tender_id"]))
    return not forged


def _pay(rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Let notices pay their tenders and return those that did: of two for one tender the first that fits, once."""
    met = ordering.meet([ordering.Paid(row["tender_id"], row["amount"], row["currency"], row["at"]) for row in rows])
    applied = set()
    for row in rows:
        if met.get(row["tender_id"]) == Money(row["amount"], row["currency"]):
            applied.add(row["id"])
            del met[row["tender_id"]]
    return applied


def _row(notice: Arrived) -> dict[str, Any]:
    told = notice.said if isinstance(notice.said, Told) else None
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "method_id": notice.method_id,
        "trade_no": told.trade_no[:128] if told else None,
        "tender_id": (from_base32(told.trade) or UUID(int=0)) if told else None,
        "amount": told.paid.minor if told else None,
        "currency": told.paid.currency if told else "",
        "state": NoticeState.APPLIED,
        "reason": "",
        "body": notice.body,
        "at": notice.at,
    }


def _new(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Store authentic notices; the unique trade number keeps out those that came before."""
    if not rows:
        return []
    dialect = sqlite if db.is_sqlite() else postgresql
    statement = dialect.insert(Notice.__table__).on_conflict_do_nothing(
        index_elements=["merchant_id", "method_id", "trade_no"]
    )
    stored = set(db.session().scalars(statement.returning(Notice.__table__.c.id), list(rows)))
    return [row for row in rows if row["id"] in stored]


def _refuse(row: dict[str, Any], reason: str, order_id: UUID | None = None) -> None:
    refused = row | {"state": NoticeState.REFUSED, "reason": reason, "trade_no": None}
    db.session().execute(insert(Notice.__table__), [refused])  # type: ignore[arg-type]
    publish(NoticeRefused(subject_id=row["id"], order_id=order_id, reason=reason, at=row["at"]))


def _set_aside(row: dict[str, Any], tender: Tender | None) -> None:
    """Keep an authentic notice that paid nothing: surplus when its tender was met before, else refused."""
    if tender is not None and tender.state is TenderState.MET:
        _restate(row, NoticeState.SURPLUS, "tender was met before")
        publish(
            NoticeSurplus(
                subject_id=row["id"],
                order_id=tender.order_id,
                amount=row["amount"],
                currency=row["currency"],
                at=row["at"],
            )
        )
        return
    reason = "no such tender"
    if tender is not None:
        reason = "wrong currency" if tender.currency != row["currency"] else "wrong amount"
    _restate(row, NoticeState.REFUSED, reason)
    order_id = tender.order_id if tender else None
    publish(NoticeRefused(subject_id=row["id"], order_id=order_id, reason=reason, at=row["at"]))


def _restate(row: dict[str, Any], state: NoticeState, reason: str) -> None:
    n = Notice.__table__.c
    mine = (n.merchant_id == row["merchant_id"], n.id == row["id"], n.state == NoticeState.APPLIED)
    changes = {"state": state, "reason": reason} | ({"trade_no": None} if state is NoticeState.REFUSED else {})
    db.session().execute(update(Notice.__table__).where(*mine).values(changes))  # type: ignore[arg-type]
