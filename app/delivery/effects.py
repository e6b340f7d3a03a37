"""Outside calls of delivery: letters to buyers.

A letter cannot be asked about and must not come twice, so one that a dying worker left in the middle of its call is
listed as unknown, for a person to decide. Its words are made from how the order stands when it is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select

from app.delivery.digits import digits_of
from app.delivery.events import CodeAsked
from app.delivery.links import token_of
from app.delivery.models import About, Delivery, Link, OneTimeCode, State
from app.delivery.rules import mail_address
from app.delivery.service import telling
from app.delivery.service.owning import CODE_MINUTES
from app.delivery.service.telling import MAIL, Told
from app.entitlements import queries as entitled
from app.kit import clock, crypto, db, mail
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Lane, Refused, Temporary, Unknown
from app.kit.events import EventRow
from app.kit.money import Money
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Fulfilment, Order, Payment
from app.refunds import queries as refunds

log = structlog.get_logger()
LEASE = timedelta(minutes=5)  # a slow server may take this long with one letter
AT_RISK = 10  # letters of a batch, listed as unknown after a hard kill; each batch costs three commits


@dataclass(frozen=True)
class Posted:
    """What a letter needs to be written; without facts there is nothing to tell any more."""

    told: Told
    to: Secret | None  # None where the contact cannot be opened
    lang: str
    facts: Mapping[str, Any] | None
    secrets: Mapping[str, Secret]  # which stand in the letter, and nowhere else


def load_mail(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters that have not left yet, each with how its order stands now."""
    ids = [intent.subject_id for intent in intents]
    waiting = {
        row.id: row
        for row in db.session().scalars(select(Delivery).where(Delivery.id.in_(ids)))
        if row.state is State.QUEUED
    }
    found = telling.list_orders([row.order_id for row in waiting.values()])
    ended = _revoked([row.link_id for row in waiting.values() if row.link_id])
    asked = _asked([row.source_id for row in waiting.values() if row.about is About.CODE])
    return {
        intent.id: _posted(row, found[row.order_id], asked.get(row.source_id), is_revoked=row.link_id in ended)
        for intent in intents
        if (row := waiting.get(intent.subject_id))
    }


def _revoked(link_ids: Sequence[UUID]) -> set[UUID]:
    return set(db.session().scalars(select(Link.id).where(Link.id.in_(link_ids), Link.revoked_at.is_not(None))))


def _asked(code_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    """Return of those codes that are still good who asked for them; none where the shop does not take them now."""
    good = (OneTimeCode.id.in_(code_ids), OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > clock.now())
    query = (
        select(OneTimeCode.id, EventRow.at, EventRow.data)
        .join(EventRow, EventRow.subject_id == OneTimeCode.id)
        .where(EventRow.subject_type == CodeAsked.subject_type, EventRow.name == CodeAsked.name, *good)
    )
    if not code_ids or not merchants.allows_mail_proof():
        return {}
    return {row.id: {"asked_at": row.at, **row.data} for row in db.session().execute(query)}


def _posted(row: Delivery, order: Order, asked: Mapping[str, Any] | None, *, is_revoked: bool) -> Posted:
    moot = is_revoked or not _is_true(row.about, order) or (row.about is About.CODE and asked is None)
    return Posted(
        Told(row.id, row.order_id, row.about, row.channel),
        _contact(order),
        order.lang,
        None if moot else {**_facts(row, order), **(asked or {})},
        _secrets(row),
    )


def _secrets(row: Delivery) -> Mapping[str, Secret]:
    if row.about is About.CODE:
        return {"digits": digits_of(row.source_id)}
    return {"token": Secret(token_of(row.link_id))} if row.link_id else {}


def _is_true(about: About, order: Order) -> bool:
    """Tell whether what a message is about still holds; what came after it has a message of its own."""
    if about is About.READY:
        return telling.has_goods(order)
    if about is About.QUEUED:
        return order.payment is not Payment.REFUNDED and order.fulfilment is not Fulfilment.DONE
    return True


def _contact(order: Order) -> Secret | None:
    try:
        return orders.contact_of(order)
    except crypto.Unreadable:
        log.warning("delivery.contact_unreadable", order=str(order.id))
        return None


def _facts(row: Delivery, order: Order) -> dict[str, Any]:
    shop = merchants.current()
    until, release_at, by_hand = None, None, False
    if row.about is About.QUEUED:
        until = refunds.returns_at(order, is_seen=bool(entitled.list_seen([order.id])))
        release_at, by_hand = refunds.released_at(order.id), entitled.waits_for_people(order.id)
    return {
        "shop": " ".join(shop.name.split()),
        "slug": shop.slug,
        "zone": shop.zone,
        "reply_to": shop.reply_to,
        "number": order.number,
        "lines": [(line.title, line.quantity) for line in order.lines],
        "total": order.total,
        "part": order.fulfilment is Fulfilment.PARTIAL,
        "until": until,
        "release_at": release_at if release_at and release_at > clock.now() else None,
        "by_hand": by_hand,
        "hours": merchants.reveals().link_hours,
        "minutes": CODE_MINUTES,
        **_back(row, order),
    }


def _back(row: Delivery, order: Order) -> dict[str, Any]:
    """Return how much of an order went back by what this message is about, and whether that was the last of it."""
    asked = db.session().scalar(select(EventRow.data).where(EventRow.id == row.source_id))
    if row.about is not About.REFUNDED or asked is None:
        return {}
    return {"back": Money(asked["amount"], asked["currency"]), "whole": asked.get("whole", True)}


def call_mail(posted: Posted, transport: mail.Transport) -> Answer:
    """Write a letter and hand it over; a fault in the writing of one is no fault of the others."""
    if posted.facts is None:
        return Done()
    if posted.to is None:
        return Temporary("the contact cannot be opened: its key is missing")
    to = mail_address(posted.to.expose())
    if not to:
        return Refused("the contact is no e-mail address")
    try:
        letter = _written(posted, to, posted.facts)
    except Exception as error:
        log.exception("delivery.not_written", delivery=str(posted.told.delivery_id))
        return Temporary(f"the letter cannot be written: {type(error).__name__}")
    return _handed_over(letter, posted.told, transport)


def _written(posted: Posted, to: str, facts: Mapping[str, Any]) -> mail.Letter:
    more = {name: secret.expose() for name, secret in posted.secrets.items()}
    written = mail.write(f"delivery/{posted.told.about.name.lower()}", to=to, lang=posted.lang, facts={**facts, **more})
    return mail.Letter(to, written.subject, written.text, written.html, facts["shop"], facts["reply_to"])


def _handed_over(letter: mail.Letter, told: Told, transport: mail.Transport) -> Answer:
    try:
        transport.send(letter, key=told.delivery_id)
    except mail.NotSent as error:
        return Temporary(str(error))
    except ValueError as error:  # a head that cannot be written: nothing of the letter has left
        log.exception("delivery.not_put_together", delivery=str(told.delivery_id))
        return Temporary(f"the letter cannot be put together: {type(error).__name__}")
    except mail.NotTaken as error:
        return Refused(str(error))
    except mail.Doubtful as error:
        return Unknown(str(error))
    return Done(told)


def settle_mail(intent: Intent, answer: Answer) -> None:
    """Record how a letter ended, or why it has not left yet."""
    now = clock.now()
    match answer:
        case Done(None):
            telling.record_dropped(intent.subject_id)
        case Done(told):
            telling.record_sent(told, now=now)
        case Refused(reason):
            telling.record_failed(intent.subject_id, reason=reason, unknown=False, now=now)
        case GaveUp(reason, unknown):
            telling.record_failed(intent.subject_id, reason=reason, unknown=unknown, now=now)
        case Temporary(reason) | Unknown(reason):
            telling.record_delay(intent.subject_id, reason=reason)


LETTER = Kind(
    MAIL,
    load_mail,
    call_mail,
    settle_mail,
    client=mail.opened,
    lease=LEASE,
    at_risk=AT_RISK,
    lane=Lane.MAIL,
    door=mail.DOOR,
)
KINDS = (LETTER,)
