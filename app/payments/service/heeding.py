"""Notices that pay nothing by themselves: they make us ask the gateway, whose answer counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from app.kit import db, effects
from app.kit.events import By, publish
from app.kit.ids import from_base32
from app.payments.errors import AlreadyDealtWith
from app.payments.events import NoticeAskedAbout, NoticeRefused
from app.payments.models import Attempt, Notice, NoticeState
from app.payments.providers import Hint, Told
from app.payments.service.asking import ask_about, ask_soon
from app.payments.service.inbox import Arrived, new_ones, row_of

NOT_CONFIRMED = "not confirmed"

Place = tuple[UUID, UUID]  # a tender and the method it was started with


def heed(arrived: Sequence[Arrived]) -> None:
    """Keep notices that pay nothing by themselves, each once, and ask about what they speak of."""
    for notice in arrived:
        if isinstance(notice.said, Hint):
            _keep(notice, notice.said)
            tender_id = _tender(notice.said.trade)
            _ask({(tender_id, notice.method_id)} if tender_id else set(), notice.at)
            _hurry_payback(from_base32(notice.said.payback), notice.at)
    kept = new_ones([_unconfirmed(row_of(notice)) for notice in arrived if isinstance(notice.said, Told)])
    if kept:
        now = max(row["at"] for row in kept)
        places = {(row["tender_id"], row["method_id"]) for row in kept}
        for place in sorted(places - _ask(places, now)):
            _refuse(place, "no such tender", now=now)


def _keep(notice: Arrived, hint: Hint) -> None:
    """Keep a notice that pays nothing: as dealt with, or for people to look at."""
    row = row_of(notice) | {"state": NoticeState.HEARD, "trade_no": None, "cleared_at": notice.at}
    tender_id = _tender(hint.trade) or _paid_by(notice.method_id, hint.trade_no)
    if hint.alarm and tender_id:
        odd = {"state": NoticeState.REFUSED, "reason": hint.alarm, "cleared_at": None}
        row |= odd | {"tender_id": tender_id}
        publish(NoticeRefused(subject_id=row["id"], reason=hint.alarm, at=notice.at))
    new_ones([row])


def confirmed(attempt: Attempt, trade_no: str, *, now: datetime) -> None:
    """Take the notices of a payment off the list once the gateway said the same when asked.

    Those with a number that is not the gateway's are none of its notices.
    """
    n = Notice.__table__.c
    same = (*_waiting((attempt.tender_id, attempt.method_id)), n.reported_no == trade_no[:128])
    db.changed(update(Notice.__table__).where(*same).values(state=NoticeState.HEARD, cleared_at=now))  # type: ignore[arg-type]
    never_confirmed(attempt, now=now)


def never_confirmed(attempt: Attempt, *, now: datetime) -> None:
    """Show people the notices of a payment of which the gateway knew nothing to the end."""
    _refuse((attempt.tender_id, attempt.method_id), NOT_CONFIRMED, now=now, order_id=attempt.order_id)


def ask_unconfirmed(notice_id: UUID, *, now: datetime, by: By) -> UUID:
    """Have the gateway asked at once about a notice it did not confirm; returns the effect to wait for.

    It waits for the gateway's word again until then. Refuses with AlreadyDealtWith what does not wait for people.
    """
    db.get(Notice, notice_id)
    n = Notice.__table__.c
    open_one = (n.state == NoticeState.REFUSED, n.reason == NOT_CONFIRMED, n.cleared_at.is_(None))
    mine = (n.merchant_id == db.merchant_id(), n.id == notice_id, *open_one)
    again = update(Notice.__table__).where(*mine).values(state=NoticeState.CONFIRMING, reason="")  # type: ignore[arg-type]
    row = db.session().execute(again.returning(n.tender_id, n.method_id)).first()
    if row is None:
        raise AlreadyDealtWith
    query = select(Attempt).where(Attempt.tender_id == row.tender_id, Attempt.method_id == row.method_id)
    attempt = db.session().scalars(query).one()
    publish(NoticeAskedAbout(subject_id=notice_id, order_id=attempt.order_id, at=now, by=by))
    return ask_about(attempt.id, now=now)


def _refuse(place: Place, reason: str, *, now: datetime, order_id: UUID | None = None) -> None:
    """Refuse what waits for the gateway's word. People see one of them, however many somebody signed.

    No amount is kept, since nobody knows that money came; and the number is free again for a notice that counts.
    """
    refused = {"state": NoticeState.REFUSED, "reason": reason, "amount": None, "trade_no": None, "cleared_at": now}
    statement = update(Notice.__table__).where(*_waiting(place)).values(refused)  # type: ignore[arg-type]
    numbers = sorted(db.session().scalars(statement.returning(Notice.__table__.c.id)))
    if numbers:
        n = Notice.__table__.c
        first = update(Notice.__table__).where(n.merchant_id == db.merchant_id(), n.id == numbers[0])  # type: ignore[arg-type]
        db.changed(first.values(cleared_at=None))
        publish(NoticeRefused(subject_id=numbers[0], order_id=order_id, reason=reason, at=now))


def _waiting(place: Place) -> tuple[ColumnElement[bool], ...]:
    n = Notice.__table__.c
    mine = (n.merchant_id == db.merchant_id(), n.tender_id == place[0], n.method_id == place[1])
    return (*mine, n.state == NoticeState.CONFIRMING)


def _unconfirmed(row: dict[str, Any]) -> dict[str, Any]:
    """Mark the number, so that it is kept once and stays free for the payment itself."""
    return row | {"state": NoticeState.CONFIRMING, "trade_no": f"?{row['trade_no']}"}


def _tender(trade: str) -> UUID | None:
    return from_base32(trade) if trade else None


def _paid_by(method_id: UUID, trade_no: str) -> UUID | None:
    mine = (Notice.method_id == method_id, Notice.trade_no == trade_no)
    return db.session().scalar(select(Notice.tender_id).where(*mine)) if trade_no else None


def _ask(places: set[Place], now: datetime) -> set[Place]:
    """Have gateways asked about payments that were started, also ended ones: money may come late.

    Returns those that were.
    """
    query = select(Attempt).where(Attempt.tender_id.in_([tender_id for tender_id, _ in places]))
    found = {(attempt.tender_id, attempt.method_id): attempt for attempt in db.session().scalars(query)}
    known = [found[place] for place in sorted(places & found.keys())]
    effects_of = effects.list_of([attempt.id for attempt in known])
    for attempt in known:
        ask_soon(attempt, effects_of[attempt.id], now=now)
    return places & found.keys()


def _hurry_payback(payback_id: UUID | None, now: datetime) -> None:
    for effect in effects.list_of([payback_id])[payback_id] if payback_id else ():
        effects.again(effect.id, now=now)
