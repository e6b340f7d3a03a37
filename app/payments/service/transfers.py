"""Bank transfers: a buyer tells that money was sent, and people say whether and how much of it came."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from app.kit import crypto, db
from app.kit.errors import Invalid, NotFound, Required
from app.kit.events import By, publish
from app.kit.ids import base32, new_id
from app.kit.money import Money
from app.kit.secret import Secret
from app.messages import service as messages
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Closed, Order, Payment, Tender
from app.payments import transfer_lists as lists
from app.payments.errors import (
    LookedMeanwhile,
    NoTransferHere,
    OddAmount,
    OddDate,
    OtherCurrency,
    ReferenceCounted,
    TooManyTellings,
)
from app.payments.events import TransferConfirmed, TransferProofTaken, TransferRejected, TransferTold
from app.payments.models import Attempt, Notice, NoticeState, Piece, Telling, TellingState
from app.payments.providers import Told
from app.payments.service.closing import settle_told
from app.payments.service.inbox import Arrived
from app.payments.service.notices import apply
from app.payments.service.proofs import Proof

MOST_TELLINGS = 10
FAR = 100  # times what is due, beyond which an amount is a slip of the hand
TOGETHER = "counted with what came later"
T = Telling.__table__.c


@dataclass(frozen=True)
class Word:
    """What a buyer tells of a transfer."""

    amount: Money
    proof: Proof
    sent_on: date | None = None
    payer: str = ""


@dataclass(frozen=True)
class Sight:
    """What somebody saw in the bank; `seen` is how many pieces of the order they knew of when they looked."""

    amount: Money
    reference: str
    seen: int
    telling_id: UUID | None = None  # the buyer's word they looked at
    note: str = ""


# The buyer ----------------------------------------------------------------------------------------------------------


def tell_transfer(order_id: UUID, word: Word, *, today: date, now: datetime, by: By) -> UUID:
    """Keep a buyer's word that they sent money, in place of one nobody has looked at, and have people look.

    Also after the time to pay, since the money may be on its way. Refuses with NoTransferHere, TooManyTellings, and
    with Invalid for an amount or a day that cannot be.
    """
    ordering.lock(order_id)
    attempt, tender = lists.find_transfer(order_id), orders.find_due(order_id)
    order = orders.reread(order_id)
    if attempt is None or tender is None or order.payment is not Payment.PENDING or order.closed is Closed.CANCELLED:
        raise NoTransferHere
    _check(word, tender.due, today)
    told = db.session().scalar(select(func.count()).where(Telling.attempt_id == attempt.id)) or 0
    if told >= MOST_TELLINGS:
        raise TooManyTellings(MOST_TELLINGS)
    replaced = {"state": TellingState.REPLACED, "proof": b"", "payer": b"", "decided_at": now}
    waiting = (T.merchant_id == db.merchant_id(), T.attempt_id == attempt.id, T.state == TellingState.WAITING)
    db.changed(update(Telling.__table__).where(*waiting).values(replaced))  # type: ignore[arg-type]
    telling = _telling(attempt, word, now)
    db.session().add(telling)
    said: dict[str, Any] = {"amount": word.amount.minor, "currency": word.amount.currency}
    publish(TransferTold(subject_id=attempt.id, order_id=order_id, at=now, by=by, **said))
    facts = {"number": order.number, "amount": f"{word.amount.major} {word.amount.currency}"}
    messages.note("transfer.told", subject=("transfer", attempt.id), facts=facts, now=now)
    return telling.id


def _check(word: Word, due: Money, today: date) -> None:
    if word.amount.currency != due.currency:
        raise Invalid({"amount": OtherCurrency(due.currency)})
    if not 0 < word.amount.minor <= due.minor * FAR:
        raise Invalid({"amount": OddAmount(due)})
    if word.sent_on and word.sent_on > today:
        raise Invalid({"sent_on": OddDate()})


def _telling(attempt: Attempt, word: Word, now: datetime) -> Telling:
    number, key = new_id(), crypto.key_for(lists.PROOFS, f"{now:%Y-%m}")
    return Telling(
        id=number,
        attempt_id=attempt.id,
        order_id=attempt.order_id,
        state=TellingState.WAITING,
        amount=word.amount.minor,
        currency=word.amount.currency,
        sent_on=word.sent_on,
        media=word.proof.media,
        size=len(word.proof.content),
        key_id=key.id,
        payer=key.seal("transfer_telling", "payer", number, Secret(word.payer)) if word.payer else b"",
        proof=key.seal("transfer_telling", "proof", number, Secret(word.proof.content.decode(lists.BYTES))),
        reason="",
        at=now,
        decided_at=None,
    )


# The shop -----------------------------------------------------------------------------------------------------------


def take_transfer_proof(
    attempt_id: UUID, telling_id: UUID | None, *, network: str, now: datetime, by: By
) -> tuple[Telling, bytes]:
    """Return a proof and what is in it, and tell that it was opened; a replaced one is gone."""
    telling = db.get(Telling, telling_id)
    if telling.attempt_id != attempt_id or not telling.proof:
        raise NotFound
    known: dict[str, Any] = {"telling_id": telling.id, "network": network, "at": now, "by": by}
    publish(TransferProofTaken(subject_id=attempt_id, order_id=telling.order_id, **known))
    return telling, lists.proof_of(telling)


def confirm_transfer(attempt_id: UUID, sight: Sight, *, now: datetime, by: By) -> Money:
    """Count money that somebody saw in the bank, and return what its order waits for yet.

    What came in several pieces pays as soon as they are enough together; what is more than enough, or comes for an
    order that is paid, is surplus that people give back. Refuses with ReferenceCounted a number that counted before,
    and with LookedMeanwhile when it was somebody else, or the buyer, since.
    """
    attempt = lists.get_transfer(attempt_id)
    ordering.lock(attempt.order_id)
    order = orders.reread(attempt.order_id)
    _check_sight(order, sight)
    if len(lists.list_pieces([order.id])) != sight.seen:
        raise LookedMeanwhile
    _decide(attempt, sight.telling_id, TellingState.CONFIRMED, now=now)
    piece_id = _keep(attempt, sight, now, by)
    tender = orders.find_due(order.id)
    came = sight.amount + _counted(order, now)
    _let_count(attempt, order, tender, came, sight.reference, now)
    facts: dict[str, Any] = {"amount": sight.amount.minor, "received": came.minor, "currency": came.currency}
    facts |= {"reference": sight.reference, "note": sight.note, "piece_id": piece_id}
    publish(TransferConfirmed(subject_id=attempt.id, order_id=order.id, at=now, by=by, **facts))
    return Money(max(tender.amount - came.minor, 0) if tender else 0, order.currency)


def reject_transfer(attempt_id: UUID, telling_id: UUID | None, *, reason: str, now: datetime, by: By) -> None:
    """Tell a buyer why no money was found behind their word; the order waits on, and they may tell anew.

    Refuses with Required, and with LookedMeanwhile when it was decided or told anew since.
    """
    attempt = lists.get_transfer(attempt_id)
    if not reason:
        raise Invalid({"reason": Required()})
    if telling_id is None:
        raise LookedMeanwhile
    _decide(attempt, telling_id, TellingState.REJECTED, reason=reason, now=now)
    publish(TransferRejected(subject_id=attempt.id, order_id=attempt.order_id, reason=reason, at=now, by=by))


def _check_sight(order: Order, sight: Sight) -> None:
    if not sight.reference:
        raise Invalid({"reference": Required()})
    if sight.amount.currency != order.currency:
        raise Invalid({"amount": OtherCurrency(order.currency)})
    if not 0 < sight.amount.minor <= order.total_amount * FAR:
        raise Invalid({"amount": OddAmount(order.total)})


def _decide(attempt: Attempt, telling_id: UUID | None, state: TellingState, *, now: datetime, reason: str = "") -> None:
    """End the buyer's word that was looked at; whoever looked at none must find none waiting."""
    waiting = (T.merchant_id == db.merchant_id(), T.attempt_id == attempt.id, T.state == TellingState.WAITING)
    if telling_id is None:
        if db.session().scalar(select(T.id).where(*waiting)) is not None:
            raise LookedMeanwhile
        return
    ending = update(Telling.__table__).where(*waiting, T.id == telling_id)  # type: ignore[arg-type]
    if db.changed(ending.values(state=state, reason=reason, decided_at=now)) == 0:
        raise LookedMeanwhile


def _keep(attempt: Attempt, sight: Sight, now: datetime, by: By) -> UUID:
    """Keep a piece and return it; the unique number keeps the same money from counting twice."""
    row = {
        "merchant_id": db.merchant_id(),
        "id": (number := new_id()),
        "attempt_id": attempt.id,
        "order_id": attempt.order_id,
        "method_id": attempt.method_id,
        "reference": sight.reference,
        "amount": sight.amount.minor,
        "currency": sight.amount.currency,
        "note": sight.note,
        "at": now,
        "seen_by": by.id,
    }
    once = ["merchant_id", "method_id", "reference"]
    if db.changed(db.insert_or(Piece).on_conflict_do_nothing(index_elements=once), row) == 0:
        raise Invalid({"reference": ReferenceCounted()})
    return number


def _counted(order: Order, now: datetime) -> Money:
    """Take what came before for this order off the list of what fits nothing, and return how much that is."""
    n = Notice.__table__.c
    numbers = [notice.id for notice in lists.list_counting(order.id)]
    counting = (n.merchant_id == db.merchant_id(), n.id.in_(numbers), n.cleared_at.is_(None))
    heard = {"state": NoticeState.HEARD, "reason": TOGETHER, "cleared_at": now}
    taken = update(Notice.__table__).where(*counting).values(heard).returning(n.amount)  # type: ignore[arg-type]
    return Money(sum(db.session().scalars(taken)), order.currency)


def _let_count(
    attempt: Attempt, order: Order, tender: Tender | None, came: Money, reference: str, now: datetime
) -> None:
    """Tell ourselves of the money as a gateway would: what is due, and apart from it what is more than that."""
    account = lists.account_of(attempt)
    owner = tender.id if tender else attempt.tender_id
    due = tender.due if tender and came.minor >= tender.amount else came
    if tender:
        tender.method_id = attempt.method_id
        db.session().flush()
    settle_told(attempt.id, Told(base32(owner), reference, account, due), now=now)
    if tender and came.minor > due.minor:
        orders.reread_tenders(order.id)  # it is met by now
        more = Told(base32(owner), f"{reference} +", account, came - due)
        apply([Arrived(attempt.method_id, more, "", now)])
    if orders.find_due(order.id) is None:
        ordering.wait_no_longer(order)
