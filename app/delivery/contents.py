"""What a message says: facts of its order as it stands when the message is sent, and the secrets that go into it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select

from app.delivery.events import CodeAsked
from app.delivery.links import token_of, way_of
from app.delivery.models import About, Channel, Delivery, Link, Medium, OneTimeCode, Reach, State
from app.delivery.rules import own_channel
from app.delivery.saying import said_of
from app.delivery.service.ending import Told
from app.delivery.service.reaching import address_at, reaches
from app.delivery.service.routing import list_orders
from app.delivery.service.telling import has_goods
from app.delivery.wording_text import Said, each_once
from app.delivery.wordings import published
from app.entitlements import queries as entitled
from app.kit import clock, crypto, db
from app.kit.effects import Intent
from app.kit.events import EventRow
from app.kit.money import Money
from app.kit.onetime import CODE_MINUTES, digits_of
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Fulfilment, Order, Payment
from app.refunds import queries as refunds

log = structlog.get_logger()


@dataclass(frozen=True)
class Posted:
    """What a letter needs to be written; without facts there is nothing to tell any more."""

    told: Told
    to: Secret | None  # None where the address cannot be opened
    lang: str
    facts: Mapping[str, Any] | None
    secrets: Mapping[str, Secret]  # which stand in the letter, and nowhere else


def list_waiting(intents: Sequence[Intent], states: Collection[State]) -> dict[UUID, Delivery]:
    """Return by intent the messages that are still in one of these states."""
    ids = [intent.subject_id for intent in intents]
    rows = {row.id: row for row in db.session().scalars(select(Delivery).where(Delivery.id.in_(ids)))}
    found = {intent.id: rows.get(intent.subject_id) for intent in intents}
    return {number: row for number, row in found.items() if row and row.state in states}


def list_posted(rows: Collection[Delivery]) -> dict[UUID, Posted]:
    """Return by message what it needs to be written, as its order stands now."""
    found = list_orders([row.order_id for row in rows])
    ended = _revoked([row.link_id for row in rows if row.link_id])
    by_mail = merchants.allows_mail_proof()
    codes = [row for row in rows if row.about is About.CODE and (by_mail or row.channel is not Channel.EMAIL)]
    asked = _asked([row.source_id for row in codes])
    strays = [row for row in rows if own_channel(found[row.order_id].contact_mask) is not row.channel]
    further = reaches(found[row.order_id].contact_index for row in strays) if strays else {}
    hours, backs = merchants.reveals().link_hours, _backs(rows)
    return {
        row.id: _posted(
            row,
            found[row.order_id],
            {"hours": hours, **backs.get(row.source_id, {}), **asked.get(row.source_id, {})},
            is_moot=row.link_id in ended or (row.about is About.CODE and row.source_id not in asked),
            way=further.get(found[row.order_id].contact_index, {}).get(row.channel),
        )
        for row in rows
    }


def _revoked(link_ids: Sequence[UUID]) -> set[UUID]:
    return set(db.session().scalars(select(Link.id).where(Link.id.in_(link_ids), Link.revoked_at.is_not(None))))


def _asked(code_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    """Return of those codes that are still good who asked for them."""
    good = (OneTimeCode.id.in_(code_ids), OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > clock.now())
    query = (
        select(OneTimeCode.id, EventRow.at, EventRow.data)
        .join(EventRow, EventRow.subject_id == OneTimeCode.id)
        .where(EventRow.subject_type == CodeAsked.subject_type, EventRow.name == CodeAsked.name, *good)
    )
    if not code_ids:
        return {}
    return {row.id: {"asked_at": row.at, **row.data} for row in db.session().execute(query)}


def _backs(rows: Collection[Delivery]) -> dict[UUID, dict[str, Any]]:
    """Return by what told it how much of an order went back, and whether that was the last of it."""
    sources = [row.source_id for row in rows if row.about is About.REFUNDED]
    if not sources:
        return {}
    query = select(EventRow.id, EventRow.data).where(EventRow.id.in_(sources))
    return {
        number: {"back": Money(said["amount"], said["currency"]), "whole": said.get("whole", True)}
        for number, said in db.session().execute(query)
    }


def _posted(row: Delivery, order: Order, known: Mapping[str, Any], *, is_moot: bool, way: Reach | None) -> Posted:
    moot = is_moot or not _is_true(row.about, order)
    return Posted(
        Told(row.id, row.order_id, row.about, row.channel, row.since, None if row.asked else order.paid_at),
        _address(row.channel, order, way),
        order.lang,
        None if moot else {**_facts(row, order), **known},
        _secrets(row),
    )


def _secrets(row: Delivery) -> Mapping[str, Secret]:
    if row.about is About.CODE:
        return {"digits": digits_of(row.source_id)}
    return {"token": Secret(token_of(row.link_id))} if row.link_id else {}


def _is_true(about: About, order: Order) -> bool:
    """Tell whether what a message is about still holds; what came after it has a message of its own."""
    if about is About.READY:
        return has_goods(order)
    if about is About.QUEUED:
        return order.payment is not Payment.REFUNDED and order.fulfilment is not Fulfilment.DONE
    return True


def _address(channel: Channel, order: Order, way: Reach | None) -> Secret | None:
    """Return where a message goes: the contact itself where that is an address of the channel."""
    try:
        return address_at(way) if way and own_channel(order.contact_mask) is not channel else orders.contact_of(order)
    except crypto.Unreadable:
        log.warning("delivery.contact_unreadable", order=str(order.id))
        return None


def _facts(row: Delivery, order: Order) -> dict[str, Any]:
    shop = merchants.current()
    until, release_at, by_hand, opens_at = None, None, False, None
    if row.about is About.QUEUED:
        until = refunds.returns_at(order, is_seen=bool(entitled.list_seen([order.id])))
        release_at, by_hand = refunds.released_at(order.id), entitled.waits_for_people(order.id)
        opens_at = entitled.opens_at(order.id)
    return {
        "shop": " ".join(shop.name.split()),
        "slug": shop.slug,
        "merchant_id": shop.merchant_id,
        "zone": shop.zone,
        "reply_to": shop.reply_to,
        "number": order.number,
        "lines": [(line.title, line.quantity) for line in order.lines],
        "total": order.total,
        "part": order.fulfilment is Fulfilment.PARTIAL,
        "until": until,
        "release_at": release_at if release_at and release_at > clock.now() else None,
        "by_hand": by_hand,
        "opens_at": opens_at if opens_at and opens_at > clock.now() else None,
        "minutes": CODE_MINUTES,
        "way": way_of(order.merchant_id, order.contact_index, row.channel),
        "said": _said(row, order),
    }


def _said(row: Delivery, order: Order) -> list[Said]:
    """Return what the shop's own words say in a letter about goods, each once."""
    if row.channel is not Channel.EMAIL or row.about not in (About.READY, About.QUEUED) or not published():
        return []
    said = said_of(order, entitled.list_of_order(order.id), lang=order.lang, medium=Medium.MAIL, now=clock.now())
    return each_once(list(said.values()))
