"""The inbox: notices are stored first and counted once, whatever they say and however often they come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from app.kit import db
from app.kit.events import EventRow, publish
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Tender, TenderState
from app.payments import queries
from app.payments.events import FeeTold, NoticeRefused, NoticeStored, NoticeSurplus
from app.payments.models import Notice, NoticeState
from app.payments.providers import Forged, Hint, Reply, Told, Wire, provider
from app.payments.service.heeding import heed
from app.payments.service.inbox import Arrived, new_ones, row_of
from app.payments.service.paybacks import find_payback, send_back_surplus

LONGEST_BODY = 64 * 1024


def verify(channel: queries.Channel, request: Wire, *, now: datetime) -> Arrived:
    """Return what a gateway told us, verified; touches no database."""
    gateway = provider(channel.provider)
    said: Told | Hint | Forged
    try:
        said = gateway.verify(request, channel.account, now)
    except Forged as forged:
        said = forged
    kept = gateway.kept(request)[:LONGEST_BODY].replace("\0", "�")
    return Arrived(channel.method_id, said, kept, now, gateway.confirms_first(channel.account))


def too_large(channel: queries.Channel, *, now: datetime) -> Arrived:
    """Return the record of a body that was too large to be read."""
    return Arrived(channel.method_id, Forged("too large"), "", now)


def reply(channel: queries.Channel, *, believed: bool) -> Reply:
    """Return what makes a gateway stop telling us, or tell us again."""
    gateway = provider(channel.provider)
    return gateway.accepted if believed else gateway.refused


def apply(arrived: Sequence[Arrived]) -> bool:
    """Store notices and let the authentic new ones pay their tenders; one of each statement however many.

    Returns whether all were authentic, that is, whether the gateway may stop telling us.
    """
    _refuse_forged(arrived)
    heed([notice for notice in arrived if notice.is_authentic and not notice.pays])
    _settle(new_ones([row_of(notice) for notice in arrived if notice.pays]))
    return all(notice.is_authentic for notice in arrived)


def tell_paid(method_id: UUID, *, trade: str, trade_no: str, paid: Money, now: datetime) -> UUID | None:
    """Let a payment count that a channel's bill tells of, as if its gateway had sent a notice of it.

    Returns the notice; None when one of this payment was here before.
    """
    arrived = Arrived(method_id, Told(trade, trade_no, "", paid), "", now)
    rows = new_ones([row_of(arrived)])
    _settle(rows)
    return rows[0]["id"] if rows else None


def store(arrived: Sequence[Arrived]) -> bool:
    """Keep notices that are not applied just now, and nothing else; `apply_stored` follows through the outbox.

    Returns what `apply` returns: the gateway has done its part.
    """
    _refuse_forged(arrived)
    heed([notice for notice in arrived if notice.is_authentic and not notice.pays])
    rows = [row_of(notice) | {"state": NoticeState.STORED} for notice in arrived if notice.pays]
    publish(*(NoticeStored(subject_id=row["id"], at=row["at"]) for row in new_ones(rows)))
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
            row = row_of(notice) | {"state": NoticeState.REFUSED, "reason": str(notice.said), "trade_no": None}
            db.session().execute(insert(Notice.__table__), [row])  # type: ignore[arg-type]
            publish(NoticeRefused(subject_id=row["id"], reason=row["reason"], at=row["at"]))


def _settle(rows: Sequence[dict[str, Any]]) -> None:
    """Let stored notices pay their tenders, and set aside those that paid none."""
    applied = _pay(rows)
    odd = [row for row in rows if row["id"] not in applied]
    if odd:
        tenders = orders.list_tenders([row["tender_id"] for row in odd])
        full = [row for row in odd if row["amount"] > 0 and _is_full(tenders.get(row["tender_id"]))]
        _set_aside_surplus(full, tenders)
        for row in odd:
            if row not in full:
                _refuse_misfit(row, tenders.get(row["tender_id"]))
    if told := [row for row in rows if row["fee"] is not None]:
        _tell_fees(told, applied)


def _tell_fees(rows: Sequence[dict[str, Any]], applied: set[UUID]) -> None:
    """Tell what gateways keep of payments where it is not what was reckoned; of surplus nothing was."""
    tenders = orders.list_tenders([row["tender_id"] for row in rows])
    for row in rows:
        tender = tenders.get(row["tender_id"])
        if tender is None or not (row["id"] in applied or _is_full(tender)):
            continue
        reckoned = tender.kept if row["id"] in applied else 0
        if row["fee"] != reckoned:
            said = {"fee": row["fee"], "reckoned": reckoned, "currency": row["currency"], "at": row["at"]}
            publish(FeeTold(subject_id=row["id"], order_id=tender.order_id, **said))


def _is_full(tender: Tender | None) -> bool:
    return tender is not None and tender.state is not TenderState.DUE


def _pay(rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Let notices pay their tenders and return those that did: of two for one tender the first that fits, once."""
    met = ordering.meet(
        [ordering.Paid(row["tender_id"], row["amount"], row["currency"], row["at"], row["payer_index"]) for row in rows]
    )
    applied = set()
    for row in rows:
        if met.get(row["tender_id"]) == Money(row["amount"], row["currency"]):
            applied.add(row["id"])
            del met[row["tender_id"]]
    return applied


def _set_aside_surplus(rows: Sequence[dict[str, Any]], tenders: Mapping[UUID, Tender]) -> None:
    """Send money back to where it came from that came for tenders which were met before, or given back since."""
    if not rows:
        return
    owners = {row["tender_id"]: tenders[row["tender_id"]].order_id for row in rows}
    for row in rows:
        replaced = tenders[row["tender_id"]].state is TenderState.REPLACED
        _restate(row, NoticeState.SURPLUS, "paid another way" if replaced else "tender was met before")
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
