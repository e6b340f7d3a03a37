"""What the demo's buyers were told lately: messages in every state, as carriers and mail servers leave them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from app.commands.demo.novelties import MADE, deal
from app.commands.demo.story import Teller
from app.delivery import service as delivery
from app.delivery.queries import About, Channel, Delivery, Guide
from app.delivery.service import Route, Taken, Told, Wish
from app.kit import clock, db, events
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.orders.queries import Order

MAIL, SMS = Channel.EMAIL, Channel.SMS
CARRIER = UUID(int=0x5E5)  # of nobody: the demo has no contract for SMS
FULL, AWAY = "552 5.2.2 (address): mailbox full", "550 5.1.1 (address): no such mailbox"
Act = Callable[[Delivery, datetime], None]


def _took(message: Delivery, now: datetime) -> None:
    told = Told(message.id, message.order_id, message.about, message.channel, message.since, message.since)
    if message.channel is MAIL:
        delivery.record_sent(told, now=now)
    else:
        delivery.record_taken(Taken(told, CARRIER, message.id.hex), now=now)


def _arrived(message: Delivery, now: datetime) -> None:
    _took(message, now)
    delivery.learn(CARRIER, message.id.hex, arrived=True, reason="", at=now + timedelta(seconds=3))


def _refused(message: Delivery, now: datetime) -> None:
    delivery.record_failed(message.id, reason=AWAY, unknown=False, now=now)


def _unknown(message: Delivery, now: datetime) -> None:
    delivery.record_failed(message.id, reason="no answer to the letter: took too long", unknown=True, now=now)


def _dropped(message: Delivery, now: datetime) -> None:
    _refused(message, now)
    delivery.drop(message.id, now=now, by=SYSTEM)


def _passed(message: Delivery, now: datetime) -> None:
    delivery.record_failed(message.id, reason=FULL, unknown=False, now=now)
    other = delivery.pass_on(message.id, Route(SMS, "138****0007"), now=now)
    _arrived(other, now + timedelta(seconds=1))


STORY: tuple[tuple[int, str, Channel, Act], ...] = (  # minutes ago, who, by which way, and what became of it
    (1500, "mei@example.com", MAIL, _took),
    (700, "chen@example.com", MAIL, _took),
    (430, "13800000001", SMS, _arrived),
    (260, "zhou@example.com", MAIL, _dropped),
    (170, "wu@example.com", MAIL, _passed),
    (120, "13800000002", SMS, _took),
    (75, "sun@example.com", MAIL, _took),
    (45, "lin@example.com", MAIL, _unknown),
    (18, "hu@example.com", MAIL, _refused),
)


def show(merchant_id: int, *, now: datetime) -> None:
    """Tell the buyers of a shop in which nobody of them bought yet; one letter is left to the workers."""
    if db.read(merchant_id, lambda: _found(STORY[0][1])):
        return
    teller = Teller(merchant_id)
    for place, (back, contact, channel, act) in enumerate(STORY):
        then = now - timedelta(minutes=back)
        with clock.running(lambda: then):  # noqa: B023 (within this turn)
            teller.tell([deal(20_000 + place, then, MADE, contact)])
            db.write(merchant_id, lambda: _tell(contact, channel, act, then))  # noqa: B023
    teller.leave_word()


def _tell(contact: str, channel: Channel, act: Act, then: datetime) -> None:
    (order,) = _found(contact)
    paid = order.paid_at or then
    happened = {row.name: row.id for row in events.timeline(order_id=order.id)}
    wish = Wish(About.READY, happened["order.delivered"], paid)
    message = delivery.ask(order, wish, Route(channel, order.contact_mask), Guide(), now=paid)
    assert message is not None
    act(message, paid + timedelta(milliseconds=420))


def _found(contact: str) -> list[Order]:
    return list(orders.list_of_contact(orders.contact_index(contact)))
