"""Questions about bank transfers: what buyers told, what somebody saw in the bank, and what is missing yet."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import defer

from app.kit import crypto, db
from app.kit.errors import NotFound
from app.kit.money import Money
from app.orders import queries as orders
from app.payments.models import Attempt, Method, Notice, NoticeState, Piece, Telling, TellingState
from app.payments.providers import Way

PROOFS = "proof of transfer"
BYTES = "latin-1"  # maps each byte to one letter and back

# Literals, so that the partial indexes serve.
WAITING = text("transfer_telling.state = 0")
OPEN = text("payment_attempt.way = 3 AND payment_attempt.state < 3")


def find_transfer(order_id: UUID) -> Attempt | None:
    """Return the transfer that an order's buyer chose last, ended or not, or None."""
    mine = (Attempt.order_id == order_id, Attempt.way == Way.TRANSFER)
    return db.session().scalar(select(Attempt).where(*mine).order_by(Attempt.started_at.desc()).limit(1))


def get_transfer(number: UUID | None) -> Attempt:
    """Return one transfer, or refuse with NotFound."""
    attempt = db.get(Attempt, number)
    if attempt.way is not Way.TRANSFER:
        raise NotFound
    return attempt


def account_of(attempt: Attempt) -> str:
    """Return the number of the account that a transfer goes to."""
    return db.get(Method, attempt.method_id).account


def list_transfers(numbers: Iterable[UUID]) -> dict[UUID, Attempt]:
    """Return transfers by id."""
    return {row.id: row for row in db.session().scalars(select(Attempt).where(Attempt.id.in_(set(numbers))))}


def list_tellings(attempt_id: UUID) -> Sequence[Telling]:
    """List what a buyer told of a transfer, the latest first, without the proofs."""
    query = select(Telling).where(Telling.attempt_id == attempt_id).options(defer(Telling.proof, raiseload=True))
    return db.session().scalars(query.order_by(Telling.at.desc(), Telling.id.desc())).all()


def list_told_transfers(*, limit: int) -> Sequence[Telling]:
    """List what buyers told and nobody has looked at, the longest waiting first, without the proofs."""
    waits = (WAITING, Telling.state == TellingState.WAITING)
    query = select(Telling).where(*waits).options(defer(Telling.proof, raiseload=True))
    return db.session().scalars(query.order_by(Telling.at, Telling.id).limit(limit)).all()


def count_told_transfers(*, most: int) -> int:
    """Count what buyers told and nobody has looked at, up to `most`."""
    some = select(Telling.id).where(WAITING, Telling.state == TellingState.WAITING).limit(most).subquery()
    return db.session().scalar(select(func.count()).select_from(some)) or 0


def list_silent_transfers(*, limit: int) -> Sequence[Attempt]:
    """List open transfers of which nothing told waits, the oldest first; money may have come all the same."""
    told = select(Telling.attempt_id).where(WAITING, Telling.merchant_id == Attempt.merchant_id)
    query = select(Attempt).where(OPEN, Attempt.way == Way.TRANSFER, Attempt.id.not_in(told))
    return db.session().scalars(query.order_by(Attempt.started_at, Attempt.id).limit(limit)).all()


def list_pieces(order_ids: Collection[UUID]) -> Sequence[Piece]:
    """List the money of transfers that somebody saw for these orders, the oldest first."""
    query = select(Piece).where(Piece.order_id.in_(order_ids))
    return db.session().scalars(query.order_by(Piece.at, Piece.id)).all()


def list_counting(order_id: UUID) -> Sequence[Notice]:
    """List the transferred money that waits for more to come of an order: what is not dealt with yet."""
    transfers = select(Attempt.method_id).where(Attempt.order_id == order_id, Attempt.way == Way.TRANSFER)
    tenders = [tender.id for tender in orders.list_tenders_of(order_id)]
    query = select(Notice).where(
        Notice.tender_id.in_(tenders),
        Notice.method_id.in_(transfers),
        Notice.state == NoticeState.REFUSED,
        Notice.cleared_at.is_(None),
        Notice.amount.is_not(None),
    )
    return db.session().scalars(query.order_by(Notice.at, Notice.id)).all()


def received_by_transfer(order_id: UUID, currency: str) -> Money:
    """Return how much of an order has come by transfers and waits for the rest."""
    return Money(sum(notice.amount or 0 for notice in list_counting(order_id)), currency)


def payer_of(telling: Telling) -> str:
    """Return the name that a buyer says stands on the transfer."""
    return _unsealed(telling, "payer", telling.payer)


def proof_of(telling: Telling) -> bytes:
    """Return the file a buyer gave as proof."""
    return _unsealed(telling, "proof", telling.proof).encode(BYTES)


def _unsealed(telling: Telling, column: str, blob: bytes) -> str:
    if not blob:
        return ""
    place = crypto.Sealed("transfer_telling", column, telling.merchant_id, telling.id, telling.key_id, blob)
    return crypto.unseal(place, PROOFS).expose()
