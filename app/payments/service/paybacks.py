"""Paybacks: money that goes back the way it came, by an effect whose id the gateway knows it by."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from app.kit import db, effects
from app.kit.errors import Invalid, NotFound, Required
from app.kit.events import SYSTEM, By, publish
from app.kit.ids import new_id
from app.kit.money import Money
from app.payments.errors import AlreadyDealtWith
from app.payments.events import NoticeDismissed, PaybackAsked, PaybackDone, PaybackRetried, PaybackStuck
from app.payments.models import Notice, NoticeState, Payback, PaybackKind, PaybackState
from app.payments.providers import BALANCE
from app.payments.service.methods import own_method
from app.payments.service.origins import trace

REFUND = "payment.refund"
PATIENCE = timedelta(days=3)
STUCK = (PaybackState.REFUSED, PaybackState.UNKNOWN)


def send_back_surplus(notices: Sequence[dict[str, Any]], orders: dict[UUID, UUID], *, now: datetime) -> None:
    """Send money back that came for tenders which had what was due; `orders` tells whose tender each is."""
    for row in notices:
        _send(_payback(row, PaybackKind.SURPLUS, row["id"], orders.get(row["tender_id"]), row["trade_no"], now), SYSTEM)


def send_back_misfit(notice_id: UUID, *, now: datetime, by: By) -> None:
    """Send back what an authentic notice says was paid and fitted nothing; refuses what was dealt with before.

    A gateway tells the same several times: all those are dealt with together, and the money goes back once. What it
    told otherwise later, so that it paid after all, stays.
    """
    notice = db.get(Notice, notice_id)
    if not notice.is_misfit:
        raise NotFound
    settled = find_payback(notice.method_id, notice.reported_no) or has_paid(notice)
    if notice_id not in clear_same(notice, now=now) or settled:
        raise AlreadyDealtWith
    row = {name: getattr(notice, name) for name in ("method_id", "tender_id", "amount", "currency")}
    _send(_payback(row, PaybackKind.MISFIT, notice_id, None, notice.reported_no, now), by)


def find_payback(method_id: UUID, trade_no: str) -> Payback | None:
    """Return what went back, or is about to, of a trade as its gateway numbers it."""
    query = select(Payback).where(Payback.method_id == method_id, Payback.trade_no == trade_no)
    return db.session().scalar(query.order_by(Payback.id).limit(1))


def clear_same(notice: Notice, *, now: datetime) -> set[UUID]:
    """Deal with all that a gateway told of the same money and that fitted nothing; returns what was open until now."""
    n = Notice.__table__.c
    same = (n.method_id == notice.method_id, n.reported_no == notice.reported_no, n.state == NoticeState.REFUSED)
    return _clear(*same, now=now)


def has_paid(misfit: Notice) -> bool:
    """Tell whether this money counted after all, since its gateway told it otherwise later."""
    same = (Notice.method_id == misfit.method_id, Notice.trade_no == misfit.reported_no)
    return db.session().scalar(select(Notice.id).where(*same).limit(1)) is not None


def send_back_payments(
    order_id: UUID, shares: Mapping[UUID, Money], *, refund_id: UUID, now: datetime, by: By, to_balance: bool = False
) -> None:
    """Send back so much of what met each of these tenders, each by its own gateway, or all to the balance.

    What a piece met that was exchanged goes back to where that was paid from.
    """
    n, sums = Notice.__table__.c, _sums(shares)
    query = select(Notice.__table__).where(
        n.merchant_id == db.merchant_id(), n.tender_id.in_(list(sums)), n.state == NoticeState.APPLIED
    )
    rows = {row["tender_id"]: dict(row) for row in db.session().execute(query).mappings()}
    for tender_id in sorted(sums):
        paid = rows[tender_id] | {"amount": sums[tender_id]}
        if to_balance:
            paid["method_id"] = own_method(BALANCE, now).id
        _send(_payback(paid, PaybackKind.REFUND, refund_id, order_id, paid["trade_no"], now), by)


def _sums(shares: Mapping[UUID, Money]) -> Counter[UUID]:
    """Return in minor units what goes back by each tender that money came by."""
    sums: Counter[UUID] = Counter()
    for root in trace(shares):
        sums[root.tender_id] += root.money.minor
    return sums


def _payback(
    paid: dict[str, Any], kind: PaybackKind, source_id: UUID, order_id: UUID | None, trade_no: str, now: datetime
) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "kind": kind,
        "source_id": source_id,
        "order_id": order_id,
        "tender_id": paid["tender_id"],
        "method_id": paid["method_id"],
        "trade_no": trade_no,
        "amount": paid["amount"],
        "currency": paid["currency"],
        "state": PaybackState.ASKED,
        "reason": "",
        "asked_at": now,
        "done_at": None,
        "by_hand": False,
    }


def _send(row: dict[str, Any], by: By) -> None:
    """Ask for one payback; the unique source keeps the same money from going back twice."""
    statement = db.insert_or(Payback).on_conflict_do_nothing(
        index_elements=["merchant_id", "source_id", "method_id", "trade_no"]
    )
    if db.changed(statement, row) == 0:
        return
    now = row["asked_at"]
    effects.intend(REFUND, row["id"], due_at=now, deadline=now + PATIENCE)
    publish(
        PaybackAsked(
            subject_id=row["id"],
            order_id=row["order_id"],
            kind=row["kind"].name.lower(),
            amount=row["amount"],
            currency=row["currency"],
            at=now,
            by=by,
        )
    )


def record_payback(payback_id: UUID, state: PaybackState, *, reason: str = "", now: datetime) -> None:
    """Note how a payback ended: done, refused, or nobody knows; done is for good."""
    p = Payback.__table__.c
    _end(payback_id, state, p.state != state, reason=reason, now=now)


def give_back_by_hand(payback_id: UUID, *, note: str, now: datetime, by: By) -> None:
    """Note that people gave money back past a gateway that would not, or of which nobody knows; it is not asked again.

    Refuses with AlreadyDealtWith while the gateway may still do it by itself, and when it is done.
    """
    db.get(Payback, payback_id)
    if not note:
        raise Invalid({"note": Required()})
    stuck = Payback.__table__.c.state.in_(STUCK)
    if not _end(payback_id, PaybackState.DONE, stuck, reason=note, now=now, by=by, by_hand=True):
        raise AlreadyDealtWith


def _end(
    payback_id: UUID,
    state: PaybackState,
    guard: ColumnElement[bool],
    *,
    reason: str,
    now: datetime,
    by: By = SYSTEM,
    by_hand: bool = False,
) -> bool:
    p = Payback.__table__.c
    statement = (
        update(Payback.__table__)  # type: ignore[arg-type]
        .where(p.merchant_id == db.merchant_id(), p.id == payback_id, p.state != PaybackState.DONE, guard)
        .values(state=state, reason=reason, done_at=now if state is PaybackState.DONE else None, by_hand=by_hand)
        .returning(p.source_id, p.kind, p.order_id, p.amount, p.currency)
    )
    row = db.session().execute(statement).first()
    if row is None:
        return False
    if state is PaybackState.DONE and row.kind is PaybackKind.SURPLUS:
        _clear(Notice.__table__.c.id == row.source_id, now=now)
    facts: dict[str, Any] = {name: getattr(row, name) for name in ("order_id", "source_id", "amount", "currency")}
    facts |= {"subject_id": payback_id, "reason": reason, "at": now, "by": by}
    done = state is PaybackState.DONE
    publish(PaybackDone(by_hand=by_hand, **facts) if done else PaybackStuck(**facts))
    return True


def retry_payback(payback_id: UUID, *, now: datetime, by: By) -> None:
    """Let a gateway that refused or never answered be asked again about a payback."""
    order_id = db.get(Payback, payback_id).order_id
    p = Payback.__table__.c
    mine = (
        p.merchant_id == db.merchant_id(),
        p.id == payback_id,
        p.state.in_(STUCK),
    )
    statement = update(Payback.__table__).where(*mine)  # type: ignore[arg-type]
    if db.changed(statement.values(state=PaybackState.ASKED, reason="")) == 0:
        raise AlreadyDealtWith
    known = effects.list_of([payback_id])[payback_id]
    if not known or not effects.again(known[-1].id, now=now):  # a gateway's no is an end; asking anew is a new effect
        effects.intend(REFUND, payback_id, due_at=now, deadline=now + PATIENCE)
    publish(PaybackRetried(subject_id=payback_id, order_id=order_id, at=now, by=by))


def dismiss(notice_id: UUID, *, now: datetime, by: By) -> None:
    """Take a refused notice off the list of what somebody must look at; refuses what was dealt with before."""
    if db.get(Notice, notice_id).state is not NoticeState.REFUSED:
        raise NotFound
    if not _clear(Notice.__table__.c.id == notice_id, now=now):
        raise AlreadyDealtWith
    publish(NoticeDismissed(subject_id=notice_id, at=now, by=by))


def _clear(*which: ColumnElement[bool], now: datetime) -> set[UUID]:
    n = Notice.__table__.c
    statement = update(Notice.__table__).where(n.merchant_id == db.merchant_id(), n.cleared_at.is_(None), *which)  # type: ignore[arg-type]
    return set(db.session().scalars(statement.values(cleared_at=now).returning(n.id)))
