"""Questions about payments."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select, text

from app.kit import crypto, db, effects
from app.kit.few import no_index
from app.kit.ids import from_base32
from app.kit.money import Money
from app.kit.secret import Secret
from app.orders.queries import Tender
from app.payments.models import Attempt as Attempt
from app.payments.models import AttemptState as AttemptState
from app.payments.models import FeePayer as FeePayer
from app.payments.models import Method as Method
from app.payments.models import Notice as Notice
from app.payments.models import NoticeState as NoticeState
from app.payments.models import Payback as Payback
from app.payments.models import PaybackKind as PaybackKind
from app.payments.models import PaybackState as PaybackState
from app.payments.models import Piece as Piece
from app.payments.models import Telling as Telling
from app.payments.models import TellingState as TellingState
from app.payments.providers import BALANCE as BALANCE
from app.payments.providers import BY_HAND as BY_HAND
from app.payments.providers import EXCHANGE as EXCHANGE
from app.payments.providers import OURS, ChecksReferrer, Provider, provider
from app.payments.providers import TRANSFER as TRANSFER
from app.payments.providers import Account as Account
from app.payments.providers import BadAccount as BadAccount
from app.payments.providers import Field as Field
from app.payments.providers import Kind as Kind
from app.payments.providers import NamesBuyers as NamesBuyers
from app.payments.providers import Scene as Scene
from app.payments.providers import Way as Way
from app.payments.providers import Wire as Wire
from app.payments.providers import names as provider_names
from app.payments.rules import fees_of
from app.payments.transfer_lists import count_told_transfers as count_told_transfers
from app.payments.transfer_lists import find_transfer as find_transfer
from app.payments.transfer_lists import get_transfer as get_transfer
from app.payments.transfer_lists import list_counting as list_counting
from app.payments.transfer_lists import list_pieces as list_pieces
from app.payments.transfer_lists import list_silent_transfers as list_silent_transfers
from app.payments.transfer_lists import list_tellings as list_tellings
from app.payments.transfer_lists import list_told_transfers as list_told_transfers
from app.payments.transfer_lists import list_transfers as list_transfers
from app.payments.transfer_lists import payer_of as payer_of
from app.payments.transfer_lists import received_by_transfer as received_by_transfer

CLOSE = "payment.close"
AT_ONCE = 1000  # ids of one statement
DISPUTES = ("disputed", "dispute won", "dispute lost", "dispute over")  # reasons of the notices that tell of one
UNANSWERED = (effects.State.WAITING, effects.State.CALLING, effects.State.UNKNOWN)


@dataclass(frozen=True)
class Channel:
    """How to speak with a gateway for one merchant: our account there with its keys."""

    method_id: UUID
    provider: str
    account: Account


def channel(method: Method) -> Channel:
    """Return the open line to a method's gateway."""
    place = crypto.Sealed(
        "payment_method", "credentials", method.merchant_id, method.id, method.key_id, method.credentials
    )
    keys = json.loads(crypto.unseal(place, "payment credentials").expose() or "{}")
    account = Account(method.account, method.settings, {name: Secret(key) for name, key in keys.items()})
    return Channel(method.id, method.provider, account)


def get_channel(method_id: UUID) -> Channel:
    """Return the open line to the gateway of a method, or refuse with NotFound."""
    return channel(db.get(Method, method_id))


def gateway_of(method: Method) -> Provider:
    """Return the gateway that a way to pay goes through."""
    return provider(method.provider)


def speaker(line: Channel) -> Provider:
    """Return the gateway at the other end of a line."""
    return provider(line.provider)


def list_methods() -> Sequence[Method]:
    """List the ways to pay that the shop offers, in its order; what is not finished is none."""
    query = select(Method).where(Method.enabled, Method.lacks == "").order_by(Method.position, Method.id)
    return db.session().scalars(query).all()


def list_gateways() -> tuple[str, ...]:
    """Return the gateways that can be connected here, by name."""
    return provider_names()


def title_of(provider_name: str) -> str:
    """Return what a gateway is called; a msgid."""
    return provider(provider_name).title


def fields_of(provider_name: str) -> tuple[Field, ...]:
    """Return what a merchant must tell to be paid through a gateway."""
    return provider(provider_name).fields


def numbered_by(provider_name: str) -> str:
    """Return which of these is our number at the gateway."""
    return provider(provider_name).numbered_by


def list_connected() -> Sequence[Method]:
    """List every way to pay that people set up, offered or not, in the shop's order."""
    query = select(Method).where(Method.provider.not_in(OURS)).order_by(Method.position, Method.id)
    return db.session().scalars(query).all()


def get_method(number: UUID | None) -> Method:
    """Return one way to pay, or refuse with NotFound."""
    return db.get(Method, number)


def fee_on(method: Method, price: Money) -> Money:
    """Return what the buyer bears on top of a price when paying by this method."""
    return Money(fees_of(method, price)[0], price.currency)


def offered(methods: Sequence[Method], scene: Scene, price: Money) -> list[tuple[Method, Way]]:
    """Return those that can work for this price where the buyer's page is open, each with what the buyer does."""
    found = []
    for method in methods:
        way = provider(method.provider).offers(scene, price + fee_on(method, price), method.bare)
        fits = (method.least or 0) <= price.minor and (method.most is None or price.minor <= method.most)
        if way is not None and fits:
            found.append((method, way))
    return found


def list_methods_by_id(ids: Iterable[UUID]) -> dict[UUID, Method]:
    """Return ways to pay by id, offered still or not."""
    return {method.id: method for method in db.session().scalars(select(Method).where(Method.id.in_(list(ids))))}


def origins(methods: Sequence[Method]) -> tuple[str, ...]:
    """Return where these methods send a buyer, for the page's policy."""
    return tuple(sorted({address for method in methods for address in provider(method.provider).origins(method.bare)}))


def checks_referrer(methods: Sequence[Method]) -> bool:
    """Tell whether one of these opens its page only from the shop's own, so that the buyer's browser must name us."""
    return any(isinstance(gateway_of(method), ChecksReferrer) for method in methods)


def get_notice(number: UUID) -> Notice:
    """Return one notice, or refuse with NotFound."""
    return db.get(Notice, number)


def list_notices(tender_ids: Sequence[UUID]) -> Sequence[Notice]:
    """List what gateways told us about tenders, oldest first."""
    query = select(Notice).where(Notice.tender_id.in_(tender_ids)).order_by(Notice.at)
    return db.session().scalars(query).all()


def list_disputes(tender_ids: Sequence[UUID]) -> Sequence[Notice]:
    """List the notices that say a payment is disputed, or how that ended, the oldest first."""
    mine = (Notice.tender_id.in_(tender_ids), Notice.state == NoticeState.REFUSED, Notice.reason.in_(DISPUTES))
    return db.session().scalars(select(Notice).where(*mine).order_by(Notice.at)).all() if tender_ids else ()


def list_disputed(order_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these orders a payment of which was ever disputed; some at a time, there may be thousands."""
    told = (Notice.state == NoticeState.REFUSED, Notice.reason.in_(DISPUTES))
    query = select(Tender.order_id).join(
        Notice, (Notice.merchant_id == Tender.merchant_id) & (Notice.tender_id == Tender.id)
    )
    parts = [order_ids[place : place + AT_ONCE] for place in range(0, len(order_ids), AT_ONCE)]
    found = (db.session().scalars(query.where(Tender.order_id.in_(part), *told)) for part in parts)
    return {order_id for some in found for order_id in some}


def list_applied(tender_ids: Sequence[UUID]) -> Sequence[Notice]:
    """List the notices that met tenders."""
    query = select(Notice).where(Notice.tender_id.in_(tender_ids), Notice.state == NoticeState.APPLIED)
    return db.session().scalars(query).all()


def list_unconfirmed(tender_ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """Return the tenders, each with its method, of which notices wait for the gateway's own word."""
    query = select(Notice.tender_id, Notice.method_id).where(
        Notice.tender_id.in_(tender_ids), Notice.state == NoticeState.CONFIRMING
    )
    return {(row.tender_id, row.method_id) for row in db.session().execute(query)}


NOTHING = UUID(int=0)


def find_paid_by(number: str) -> tuple[UUID, UUID]:
    """Return the orders that a payment of this number paid: the gateway's own number, or ours as it was told there.

    Exactly, and two queries whatever there is; NOTHING where there is none.
    """
    mine = (Notice.method_id.in_(select(Method.id)), Notice.trade_no == number, Notice.state == NoticeState.APPLIED)
    newest = select(Notice.tender_id).where(*mine).order_by(no_index(Notice.id).desc()).limit(1).scalar_subquery()
    ours = from_base32(number) or NOTHING
    queries = (select(Tender.order_id).where(Tender.id == owner) for owner in (newest, ours))
    theirs, own = (db.session().scalar(query) or NOTHING for query in queries)
    return theirs, own


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


def is_by_hand(payback: Payback) -> bool:
    """Tell whether only people can give this money back."""
    return db.get(Method, payback.method_id).provider == TRANSFER


def is_from_balance(payback: Payback) -> bool:
    """Tell whether this money came from a balance that the shop keeps, not from a gateway."""
    return db.get(Method, payback.method_id).provider == BALANCE


def is_of_balance(method_id: UUID | None) -> bool:
    """Tell whether this is the shop's way to pay from balances."""
    return method_id is not None and db.get(Method, method_id).provider == BALANCE


def list_paid(paybacks: Iterable[Payback]) -> dict[UUID, Money]:
    """Return by payback what was paid in all by the trade it gives back; it was no more when that is not known."""
    wanted = {(payback.method_id, payback.trade_no): payback for payback in paybacks}
    methods, numbers = {key[0] for key in wanted}, {key[1] for key in wanted}
    told = db.session().scalars(select(Notice).where(Notice.method_id.in_(methods), Notice.trade_no.in_(numbers)))
    sums = {(notice.method_id, notice.trade_no): Money(notice.amount or 0, notice.currency) for notice in told}
    return {payback.id: sums.get(key, payback.money) for key, payback in wanted.items()}


def list_notify_urls(paybacks: Iterable[Payback]) -> dict[UUID, str]:
    """Return by payback where its gateway tells us of its trade, as was said when that was started."""
    wanted = list(paybacks)
    started = select(Attempt).where(Attempt.tender_id.in_({payback.tender_id for payback in wanted}))
    known = {f"{one.tender_id} {one.method_id}": one.notify_url for one in db.session().scalars(started)}
    return {payback.id: known.get(f"{payback.tender_id} {payback.method_id}", "") for payback in wanted}


def list_paybacks_of(source_id: UUID) -> Sequence[Payback]:
    """List the paybacks that a refund or a notice asked for."""
    return _paybacks(Payback.source_id == source_id)


def list_paybacks_of_order(order_id: UUID) -> Sequence[Payback]:
    """List all money of an order that went back or is about to, oldest first."""
    return _paybacks(Payback.order_id == order_id)


def _paybacks(mine: ColumnElement[bool]) -> Sequence[Payback]:
    return db.session().scalars(select(Payback).where(mine).order_by(no_index(Payback.id))).all()


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
