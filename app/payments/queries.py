"""Questions about payments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from app.kit import crypto, db, effects
from app.kit.secret import Secret
from app.payments.models import Attempt as Attempt
from app.payments.models import AttemptState as AttemptState
from app.payments.models import Method as Method
from app.payments.models import Notice as Notice
from app.payments.models import NoticeState as NoticeState
from app.payments.models import Payback as Payback
from app.payments.models import PaybackKind as PaybackKind
from app.payments.models import PaybackState as PaybackState
from app.payments.providers import BALANCE as BALANCE
from app.payments.providers import provider

CLOSE = "payment.close"
UNANSWERED = (effects.State.WAITING, effects.State.CALLING, effects.State.UNKNOWN)


@dataclass(frozen=True)
class Channel:
    """How to speak with a gateway for one merchant: our account there and the key."""

    method_id: UUID
    provider: str
    account: str
    credentials: Secret


def channel(method: Method) -> Channel:
    """Return the open line to a method's gateway."""
    place = crypto.Sealed(
        "payment_method", "credentials", method.merchant_id, method.id, method.key_id, method.credentials
    )
    return Channel(method.id, method.provider, method.account, crypto.unseal(place, "payment credentials"))


def get_channel(method_id: UUID) -> Channel:
    """Return the open line to the gateway of a method, or refuse with NotFound."""
    return channel(db.get(Method, method_id))


def list_methods() -> Sequence[Method]:
    """List the ways to pay that the shop offers, in its order."""
    query = select(Method).where(Method.enabled).order_by(Method.position, Method.id)
    return db.session().scalars(query).all()


def list_methods_by_id(ids: Iterable[UUID]) -> dict[UUID, Method]:
    """Return ways to pay by id, offered still or not."""
    return {method.id: method for method in db.session().scalars(select(Method).where(Method.id.in_(list(ids))))}


def origins(methods: Sequence[Method]) -> tuple[str, ...]:
    """Return where these methods send a buyer, for the page's policy."""
    return tuple(sorted({provider(method.provider).origin for method in methods}))


def list_notices(tender_ids: Sequence[UUID]) -> Sequence[Notice]:
    """List what gateways told us about tenders, oldest first."""
    query = select(Notice).where(Notice.tender_id.in_(tender_ids)).order_by(Notice.at)
    return db.session().scalars(query).all()


def list_applied(tender_ids: Sequence[UUID]) -> Sequence[Notice]:
    """List the notices that met tenders."""
    query = select(Notice).where(Notice.tender_id.in_(tender_ids), Notice.state == NoticeState.APPLIED)
    return db.session().scalars(query).all()


def find_attempt(order_id: UUID) -> Attempt | None:
    """Return the payment of an order that was started last, or None."""
    query = select(Attempt).where(Attempt.order_id == order_id).order_by(Attempt.started_at.desc()).limit(1)
    return db.session().scalar(query)


def get_attempt(number: UUID) -> Attempt:
    """Return one attempt, or refuse with NotFound."""
    return db.get(Attempt, number)


def is_answered(effect_ids: Sequence[UUID]) -> bool:
    """Tell whether the gateways have answered all of these questions."""
    return all(effects.get(number).state not in UNANSWERED for number in effect_ids)


def get_payback(number: UUID) -> Payback:
    """Return one payback, or refuse with NotFound."""
    return db.get(Payback, number)


def is_from_balance(payback: Payback) -> bool:
    """Tell whether this money came from a balance that the shop keeps, not from a gateway."""
    return db.get(Method, payback.method_id).provider == BALANCE


def list_paybacks_of(source_id: UUID) -> Sequence[Payback]:
    """List the paybacks that a refund or a notice asked for."""
    return db.session().scalars(select(Payback).where(Payback.source_id == source_id).order_by(Payback.id)).all()


def list_paybacks_of_order(order_id: UUID) -> Sequence[Payback]:
    """List all money of an order that went back or is about to, oldest first."""
    return db.session().scalars(select(Payback).where(Payback.order_id == order_id).order_by(Payback.id)).all()


# What needs a person ---------------------------------------------------------------------------------------------

# Literals, so that the partial indexes serve.
ODD = text("notice.state <> 0 AND notice.cleared_at IS NULL")
OPEN = text("payback.state <> 1")


def list_refused_notices(*, limit: int) -> Sequence[Notice]:
    """List refused notices nobody has dealt with, newest first."""
    query = select(Notice).where(ODD, Notice.state == NoticeState.REFUSED).order_by(Notice.at.desc()).limit(limit)
    return db.session().scalars(query).all()


def list_stuck_paybacks(*, limit: int) -> Sequence[Payback]:
    """List money that a gateway would not give back, or of which nobody knows, the oldest first."""
    stuck = Payback.state.in_((PaybackState.REFUSED, PaybackState.UNKNOWN))
    return db.session().scalars(select(Payback).where(OPEN, stuck).order_by(Payback.asked_at).limit(limit)).all()


def list_paybacks_under_way(*, limit: int) -> Sequence[Payback]:
    """List money that is on its way back, the oldest first."""
    under_way = Payback.state == PaybackState.ASKED
    return db.session().scalars(select(Payback).where(OPEN, under_way).order_by(Payback.asked_at).limit(limit)).all()


def count_exceptions(*, most: int) -> int:
    """Count refused notices, stuck paybacks and silent gateways that wait for a person, up to `most` of each."""
    lists = (list_refused_notices, list_stuck_paybacks, list_silent_attempts)
    return sum(len(rows(limit=most)) for rows in lists)


def list_silent_attempts(*, limit: int) -> dict[UUID, Attempt]:
    """Return payments whose gateway does not say whether they were made, by the effect that asked."""
    silent = [effect for effect in effects.list_stuck([CLOSE], limit) if effect.state is effects.State.GIVEN_UP]
    found = db.session().scalars(select(Attempt).where(Attempt.id.in_([effect.subject_id for effect in silent])))
    live = {attempt.id: attempt for attempt in found if attempt.is_live}
    return {effect.id: live[effect.subject_id] for effect in silent if effect.subject_id in live}
