"""Starting a payment: an attempt at a gateway, asked for by an effect right after the commit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from app.kit import db, effects
from app.kit.effects import State
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order, Tender
from app.payments.errors import NoSuchMethod
from app.payments.events import PaymentStarted
from app.payments.models import LIVE, Attempt, AttemptState, Method
from app.payments.providers import Scene, WaitsLong, Way
from app.payments.queries import CLOSE, gateway_of, offered
from app.payments.rules import fees_of
from app.payments.service.asking import watch_over

START = "payment.start"
ANEW = (
    "state",
    "subject",
    "notify_url",
    "return_url",
    "url",
    "reason",
    "started_at",
    "way",
    "scene",
    "payer",
    "ip",
    "asks",
)
PATIENCE = timedelta(seconds=30)  # a payment page that comes later finds nobody waiting
CLOSING = timedelta(hours=24)  # how long a gateway that does not answer is asked before a person must look


@dataclass(frozen=True)
class Pages:
    """Where a gateway tells us of a payment, and where it sends the buyer afterwards."""

    notify: str
    back: str


@dataclass(frozen=True)
class Place:
    """Where the buyer's page is open, how the app it is open in names the buyer, and their address."""

    scene: Scene = Scene.DESKTOP
    payer: str = ""
    ip: str = ""


HERE = Place()


@dataclass(frozen=True)
class Begun:
    """A payment that was asked for: the attempt, and the effect that brings its page."""

    attempt_id: UUID
    effect_id: UUID


def start(
    order: Order, method_id: UUID | None, pages: Pages, *, subject: str, now: datetime, by: By, place: Place = HERE
) -> Begun:
    """Let an unpaid order be paid by a method of the shop; refuses with NotPayable or NoSuchMethod.

    From now on its stock is given back only after the gateway said that nothing was paid.
    """
    method = db.find(Method, method_id) if method_id else None
    if method is None or not method.enabled or method.lacks:
        raise NoSuchMethod
    price = _price(order)
    if not offered([method], place.scene, price):
        raise NoSuchMethod
    tender = ordering.start_paying(order, method.id, now=now, fees=ordering.Fees(*fees_of(method, price)))
    attempt_id = _attempt(_row(tender, method, pages, subject, now) | vars(place))
    gateway = gateway_of(method)
    if isinstance(gateway, WaitsLong):  # nobody can be asked, and money takes its time
        _close_in_time(attempt_id, ordering.wait_longer(order, gateway.patience(method.bare)))
    elif _close_in_time(attempt_id, order.expires_at):
        watch_over(attempt_id, now=now)
    close_started(order.id, now=now, but=tender.id)
    publish(
        PaymentStarted(
            subject_id=tender.id, order_id=order.id, method_id=method.id, provider=method.provider, at=now, by=by
        )
    )
    due = now + effects.HEAD_START  # the buyer's page asks itself and waits; a worker would have it wait behind others
    return Begun(attempt_id, effects.intend(START, attempt_id, due_at=due, deadline=now + PATIENCE))


def _price(order: Order) -> Money:
    """Return what is to be paid at a gateway; a part of it may be paid already."""
    tender = orders.find_due(order.id) if order.is_split else None
    return tender.price if tender else order.total


def _row(tender: Tender, method: Method, pages: Pages, subject: str, now: datetime) -> dict[str, object]:
    return {
        "merchant_id": tender.merchant_id,
        "id": new_id(),
        "order_id": tender.order_id,
        "tender_id": tender.id,
        "method_id": method.id,
        "state": AttemptState.STARTING,
        "subject": subject,
        "notify_url": pages.notify + method.hook_token,
        "return_url": pages.back,
        "url": "",
        "reason": "",
        "started_at": now,
        "way": Way.GO,
        "asks": 0,
        "number": "",
    }


def _close_in_time(attempt_id: UUID, expires_at: datetime) -> bool:
    """Have the payment closed when the time to pay is up, once an attempt; tell whether that was asked just now."""
    known = effects.list_of([attempt_id])[attempt_id]
    if any(effect.kind == CLOSE and effect.state is State.WAITING for effect in known):
        return False
    effects.intend(CLOSE, attempt_id, due_at=expires_at, deadline=expires_at + CLOSING)
    return True


def close_started(order_id: UUID, *, now: datetime, but: UUID | None = None) -> None:
    """Have gateways close at once what was started for an order, so that nobody pays it; `but` for one tender."""
    query = select(Attempt.id).where(Attempt.order_id == order_id, Attempt.state.in_(LIVE))
    query = query.where(Attempt.tender_id != but) if but else query
    for known in effects.list_of(sorted(db.session().scalars(query))).values():
        for effect in known:
            if effect.kind == CLOSE:
                effects.again(effect.id, now=now)


def _attempt(row: dict[str, object]) -> UUID:
    """Keep one attempt a tender and method: asking again starts the same one over."""
    statement = db.insert_or(Attempt).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["merchant_id", "tender_id", "method_id"], set_={name: row[name] for name in ANEW}
    )
    number: UUID = db.session().scalars(statement.returning(Attempt.__table__.c.id)).one()
    return number


def record_start(
    attempt_id: UUID,
    *,
    way: Way = Way.GO,
    url: str = "",
    number: str = "",
    reason: str = "",
    refused: bool = False,
) -> None:
    """Note where a started payment is made, or why it could not be started, and forget who wanted to pay.

    What a gateway refused is counted.
    """
    a = Attempt.__table__.c
    mine = (a.merchant_id == db.merchant_id(), a.id == attempt_id, a.state == AttemptState.STARTING)
    state = AttemptState.OPEN if url else AttemptState.FAILED
    known = {"number": number} if number else {}
    statement = update(Attempt.__table__).where(*mine)  # type: ignore[arg-type]
    told = statement.values(state=state, way=way, url=url, reason=reason, payer="", ip="", **known)
    order_id = db.session().scalar(told.returning(a.order_id))
    if order_id and refused:
        ordering.count_refusal(order_id)
