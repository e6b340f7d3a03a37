"""The reckoning: money at the gateway, orders, codes and books of one shop, compared when nothing is left to do."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta

from sqlalchemy import select

from app.delivery.models import About, Delivery
from app.delivery.models import State as Told
from app.delivery.service.routing import KINDS as CHANNELS
from app.entitlements.models import Entitlement
from app.entitlements.models import State as Owned
from app.inventory.models import Batch, BatchState, Code, ImportChunk, Status
from app.kit import clock, db, effects, events, tasks
from app.kit.effects import Effect
from app.kit.effects.models import ALIVE
from app.kit.events import EventRow, Outbox
from app.kit.ids import base32
from app.kit.tasks import Task
from app.ledger import queries as ledger
from app.ledger.models import Transaction
from app.orders.models import Closed, Fulfilment, Order, Part, Payment, Tender, TenderState
from app.orders.queries import status
from app.payments.models import Notice, NoticeState, Payback, PaybackState
from app.refunds.models import Refund, RefundState

# Nobody waits for it, the next one asks, or `_told` looks.
UNMOURNED = {"payment.start", "payment.query", "payment.sweep", *CHANNELS.values()}
ENDED = {Told.SENT, Told.ACCEPTED, Told.DELIVERED, Told.DROPPED, Told.PASSED}
AHEAD = timedelta(days=1)  # a watch that sleeps this long has nothing to do with the story
STANDING = {"inventory.daily", "finance.close_days", "finance.bills", "orders.wipe"}  # each day, for ever


def faults(kept: Mapping[str, int]) -> list[str]:
    """Return everything that is not as it must be, in words; `kept` is the money at the gateway by trade number."""
    return [*_orders(), *_money(kept), *_codes(), *_books(kept), *_told(), *_left_over(), *_imports()]


def words() -> dict[str, str]:
    """Return the status of each order by its id."""
    now = clock.now()
    return {str(order.id): status(order, now=now) for order in db.session().scalars(select(Order))}


def told(order: Order) -> str:
    """Return one order and all that happened to it."""
    names = " ".join(row.name for row in events.timeline(order_id=order.id))
    return f"{order.number} {status(order, now=clock.now())} started={order.started_at}: {names}"


def _orders() -> Iterator[str]:
    """Every order ended: delivered in full, refunded in full, or unpaid and closed; each event of an end came once."""
    owned: dict[object, list[Entitlement]] = defaultdict(list)
    for item in db.session().scalars(select(Entitlement)):
        owned[item.part_id].append(item)
    parts: dict[object, list[Part]] = defaultdict(list)
    for part in db.session().scalars(select(Part)):
        parts[part.order_id].append(part)
    for order in db.session().scalars(select(Order)):
        wanted = _wanted(order)
        if wanted is None:
            yield f"order {order.number} has not ended: {status(order, now=clock.now())}"
            continue
        for part in parts[order.id]:
            states = sorted(item.state for item in owned[part.id])
            if states != [wanted] * part.quantity if wanted >= 0 else states:
                yield f"order {order.number} is {status(order, now=clock.now())} and owns {states}"
    ends = {"order.paid", "order.delivered", "order.refunded", "order.expired", "order.cancelled", "refund.done"}
    rows = db.session().execute(select(EventRow.name, EventRow.order_id).where(EventRow.name.in_(ends)))
    times = Counter(map(tuple, rows))
    yield from (f"{name} of order {order} happened {n} times" for (name, order), n in times.items() if n > 1)


def _wanted(order: Order) -> int | None:
    """Return the state all entitlements of an ended order are in, -1 for none, or None where it has not ended."""
    if order.payment is Payment.PAID and order.fulfilment is Fulfilment.DONE:
        return Owned.READY
    if order.payment is Payment.REFUNDED:
        return Owned.REVOKED
    return -1 if order.payment is Payment.PENDING and order.closed is not Closed.OPEN else None


def _money(kept: Mapping[str, int]) -> Iterator[str]:
    """The gateway keeps exactly what paid orders cost: the rest went back."""
    met = {base32(row.id): row for row in db.session().scalars(select(Tender))}
    for number, tender in met.items():
        due = tender.amount if tender.state is TenderState.MET else 0
        if kept.get(number, 0) != due:
            yield f"tender {number} is {tender.state.name} over {tender.amount}, and the gateway has {kept.get(number)}"
    yield from (f"the gateway has {kept[number]} for nobody" for number in kept.keys() - met.keys() if kept[number])
    for payback in db.session().scalars(select(Payback).where(Payback.state != PaybackState.DONE)):
        yield f"a payback of {payback.amount} is {payback.state.name}: {payback.reason}"
    for refund in db.session().scalars(select(Refund).where(Refund.state != RefundState.DONE)):
        yield f"a refund of {refund.amount} is {refund.state.name}"


def _codes() -> Iterator[str]:
    """Each code is in one place: sold ones with their one owner, set aside ones with who had them, none held."""
    owners = Counter(item.code_id for item in db.session().scalars(select(Entitlement)) if item.code_id)
    yield from (f"code {code} has {n} owners" for code, n in owners.items() if n > 1)
    mine = {item.id: item for item in db.session().scalars(select(Entitlement))}
    for code in db.session().scalars(select(Code)):
        item = mine.get(code.entitlement_id) if code.entitlement_id else None
        fits = {
            Status.FREE: item is None and code.held_by is None,
            Status.SOLD: item is not None and item.state is Owned.READY and item.code_id == code.id,
            Status.QUARANTINED: item is not None and item.state is Owned.REVOKED and item.code_id == code.id,
        }
        if not fits.get(code.status, False):
            yield f"code {code.id} is {code.status.name}, held by {code.held_by}, of {item and item.state.name}"
        owners.pop(code.id, None)
    yield from (f"code {code} is owned and gone" for code in owners)


def _books(kept: Mapping[str, int]) -> Iterator[str]:
    """The books balance, say what the gateway says, and hold each sale once."""
    yield from (f"books: {fault}" for fault in ledger.check())
    sums = {name.removesuffix(" CNY"): money.minor for name, money in ledger.balances().items()}
    orders = list(db.session().scalars(select(Order)))
    codes = list(db.session().scalars(select(Code)))
    expected = {
        "asset:gateway": sum(kept.values()),
        "income:sales": -sum(order.total_amount for order in orders if order.payment is Payment.PAID),
        "liability:refunds": 0,
        "expense:goods": sum(code.cost for code in codes if code.status is Status.SOLD),
        "asset:stock": sum(code.cost for code in codes if code.status is not Status.SOLD),
        "liability:suppliers": -sum(code.cost for code in codes),
    }
    for account, amount in expected.items():
        if sums.get(account, 0) != amount:
            yield f"{account} is {sums.get(account, 0)} in the books and {amount} in the world"
    sold = set(db.session().scalars(select(Transaction.subject_id).where(Transaction.kind == "sale")))
    paid = {order.id for order in orders if order.payment is not Payment.PENDING}
    if sold != paid:
        yield f"sales of {sold ^ paid} are missing or too many"


def _told() -> Iterator[str]:
    """Every buyer of goods was told, or stands listed as one of whom nobody knows, with the reason."""
    told: dict[object, list[Delivery]] = defaultdict(list)
    for message in db.session().scalars(select(Delivery)):
        told[message.order_id].append(message)
        good = message.state in ENDED or (message.state is Told.UNKNOWN and message.note)
        if not good:
            yield f"a message about {message.about.name} is {message.state.name}: {message.note}"
    for order in db.session().scalars(select(Order).where(Order.fulfilment == Fulfilment.DONE)):
        if not any(message.about is About.READY for message in told[order.id]):
            yield f"the buyer of order {order.number} was never told"


def _left_over() -> Iterator[str]:
    """Nothing is left to be done."""
    for row in db.session().scalars(select(Outbox)):
        yield f"event {row.event_id} is undelivered after {row.attempts} attempts"
    for effect in db.session().scalars(select(Effect).where(ALIVE)):
        yield f"effect {effect.kind} is {effect.state.name} after {effect.attempts} attempts: {effect.note}"
    for effect in db.session().scalars(select(Effect).where(Effect.state == effects.State.GIVEN_UP)):
        if effect.kind not in UNMOURNED:
            yield f"effect {effect.kind} was given up: {effect.note}"
    for task in db.session().scalars(select(Task).where(Task.state != tasks.State.DONE)):
        if task.kind in STANDING and task.state == tasks.State.WAITING and not task.attempts:
            continue
        if task.state != tasks.State.WAITING or task.due_at < clock.now() + AHEAD or task.attempts:
            yield f"task {task.kind} is {task.state.name}, due {task.due_at}, {task.attempts} attempts: {task.note}"
    for notice in db.session().scalars(select(Notice).where(Notice.state == NoticeState.STORED)):
        yield f"notice {notice.reported_no} was never applied"


def _imports() -> Iterator[str]:
    """Every file was read to its end, each line counted once."""
    have = Counter(db.session().scalars(select(Code.batch_id)))
    for batch in db.session().scalars(select(Batch)):
        if batch.state is not BatchState.READY:
            yield f"batch {batch.name} is {batch.state.name} at line {batch.lines}"
        if have[batch.id] != batch.imported:
            yield f"batch {batch.name} counts {batch.imported} codes and has {have[batch.id]}"
    staged = len(db.session().scalars(select(ImportChunk.number)).all())
    if staged:
        yield f"{staged} chunks are still staged"
