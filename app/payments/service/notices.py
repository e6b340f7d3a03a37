"""The inbox: notices are stored first and counted once, whatever they say and however often they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.kit import db
from app.kit.events import EventRow, publish
from app.kit.ids import from_base32, new_id
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Tender, TenderState
from app.payments import queries
from app.payments.events import NoticeRefused, NoticeStored, NoticeSurplus
from app.payments.models import Notice, NoticeState
from app.payments.providers import Forged, Told, provider
from app.payments.service.paybacks import find_payback, send_back_surplus

LONGEST_BODY = 64 * 1024


@dataclass(frozen=True)
class Arrived:
    """A notice as it came in: what it says, or why it is not believed."""

    method_id: UUID
    said: Told | Forged
    body: str
    at: datetime

    @property
    def is_authentic(self) -> bool:
        return isinstance(self.said, Told)


def verify(channel: queries.Channel, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Arrived:
    """Return what a gateway told us, verified; touches no database."""
    said: Told | Forged
    try:
        said = provider(channel.provider).verify(headers, body, channel.account, channel.credentials, now)
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
    _refuse_forged(arrived)
    _settle(_new([_row(notice) for notice in arrived if notice.is_authentic]))
    return all(notice.is_authentic for notice in arrived)


def store(arrived: Sequence[Arrived]) -> bool:
    """Keep notices that could not be applied just now, and nothing else; `apply_stored` follows through the outbox.

    Returns what `apply` returns: the gateway has done its part.
    """
    _refuse_forged(arrived)
    rows = [_row(notice) | {"state": NoticeState.STORED} for notice in arrived if isinstance(notice.said, Told)]
    publish(*(NoticeStored(subject_id=row["id"], at=row["at"]) for row in _new(rows)))
    return all(notice.is_authentic for notice in arrived)


def apply_stored(events: Sequence[EventRow]) -> None:
    """Let notices count that were stored alone; those that did since are left out."""
    n = Notice.__table__.c
    mine = (n.merchant_id == db.merchant_id(), n.id.in_([event.subject_id for event in events]))
    statement = (
        update(Notice.__table__)  # type: ignore[arg-type]
        .where(*mine, n.state == NoticeState.STORED)
        .values(state=NoticeState.APPLIED)
        .returning(n.id)
    )
    due = db.session().scalars(statement).all()
    rows = db.session().execute(select(Notice.__table__).where(*mine, n.id.in_(due)).order_by(n.at, n.id)).mappings()
    _settle([dict(row) for row in rows])


def _refuse_forged(arrived: Sequence[Arrived]) -> None:
    for notice in arrived:
        if isinstance(notice.said, Forged):
            row = _row(notice) | {"state": NoticeState.REFUSED, "reason": str(notice.said), "trade_no": None}
            db.session().execute(insert(Notice.__table__), [row])  # type: ignore[arg-type]
            publish(NoticeRefused(subject_id=row["id"], reason=row["reason"], at=row["at"]))


def _settle(rows: Sequence[dict[str, Any]]) -> None:
    """Let stored notices pay their tenders, and set aside those that paid none."""
    applied = _pay(rows)
    odd = [row for row in rows if row["id"] not in applied]
    if odd:
        tenders = orders.list_tenders([row["tender_id"] for row in odd])
        full = [row for row in odd if _is_full(tenders.get(row["tender_id"]))]
        _set_aside_surplus(full, tenders)
        for row in odd:
            if row not in full:
                _refuse_misfit(row, tenders.get(row["tender_id"]))


def _is_full(tender: Tender | None) -> bool:
    return tender is not None and tender.state is not TenderState.DUE


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
        "reported_no": told.trade_no[:128] if told else "",
        "cleared_at": None,
    }


NEW = {
    name: dialect.insert(Notice.__table__)
    .on_conflict_do_nothing(index_elements=["merchant_id", "method_id", "trade_no"])
    .returning(Notice.__table__.c.id)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


def _new(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Store authentic notices; the unique trade number keeps out those that came before.

    In the order of their numbers, so that two who store the same ones never wait for each other.
    """
    if not rows:
        return []
    rows = sorted(rows, key=lambda row: (row["method_id"], row["trade_no"]))
    statement = NEW["sqlite" if db.is_sqlite() else "postgresql"]
    stored = set(db.session().scalars(statement, rows[0] if len(rows) == 1 else list(rows)))
    return [row for row in rows if row["id"] in stored]


def _set_aside_surplus(rows: Sequence[dict[str, Any]], tenders: Mapping[UUID, Tender]) -> None:
    """Send money back to where it came from that came for tenders which were met before, or given back since."""
    if not rows:
        return
    owners = {row["tender_id"]: tenders[row["tender_id"]].order_id for row in rows}
    for row in rows:
        _restate(row, NoticeState.SURPLUS, "tender was met before")
    publish(
        *(
            NoticeSurplus(
                subject_id=row["id"],
                order_id=owners[row["tender_id"]],
                amount=row["amount"],
                currency=row["currency"],
                at=row["at"],
            )
            for row in rows
        )
    )
    send_back_surplus(rows, owners, now=max(row["at"] for row in rows))


def _refuse_misfit(row: dict[str, Any], tender: Tender | None) -> None:
    """Keep an authentic notice that is not of what was due; somebody sends it back, unless that was done before."""
    reason = "no such tender"
    if tender is not None:
        reason = "wrong currency" if tender.currency != row["currency"] else "wrong amount"
    returned = find_payback(row["method_id"], row["reported_no"])
    is_settled = returned is not None and returned.money == Money(row["amount"], row["currency"])
    _restate(row, NoticeState.REFUSED, reason, trade_no=None, cleared_at=row["at"] if is_settled else None)
    order_id = tender.order_id if tender else None
    publish(NoticeRefused(subject_id=row["id"], order_id=order_id, reason=reason, at=row["at"]))


def _restate(row: dict[str, Any], state: NoticeState, reason: str, **more: Any) -> None:
    n = Notice.__table__.c
    mine = (n.merchant_id == row["merchant_id"], n.id == row["id"], n.state == NoticeState.APPLIED)
    db.changed(update(Notice.__table__).where(*mine).values(state=state, reason=reason, **more))  # type: ignore[arg-type]
