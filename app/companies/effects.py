"""Outside calls of companies: letters to who is invited, and to a company whose batch is there; chats of members."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.companies import chats, queries
from app.companies.links import token_of
from app.companies.models import Company, Invite
from app.companies.rules import INVITE_DAYS
from app.companies.service.members import INVITE_MAIL
from app.companies.service.telling import READY_MAIL
from app.kit import clock, db
from app.kit.effects import Intent
from app.kit.ids import public
from app.kit.letters import Posted, letter
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries as orders


def load_invites(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters of those invites that are still good."""
    now, shop = clock.now(), merchants.current()
    found = {}
    for intent in intents:
        row = db.find(Invite, intent.subject_id)
        if row is None or row.used_at or row.revoked_at or row.expires_at <= now:
            continue
        company = db.get(Company, row.company_id)
        facts: dict[str, Any] = {
            "shop": shop.name,
            "slug": shop.slug,
            "company": company.name,
            "role": row.role.name.lower(),
        }
        facts |= {"days": INVITE_DAYS}
        found[intent.id] = Posted(intent.id, queries.email_of(row), row.lang, facts, Secret(token_of(row.id)))
    return found


def load_ready(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters about delivered orders of companies."""
    shop, found = merchants.current(), {}
    for intent in intents:
        order = orders.get(intent.subject_id)
        company = db.find(Company, order.company_id)
        if company is None or company.closed_at:
            continue
        facts: dict[str, Any] = {"shop": shop.name, "slug": shop.slug, "company": company.name, "number": order.number}
        facts |= {"lines": [(line.title, line.quantity) for line in order.lines], "order": public("ord", order.id)}
        found[intent.id] = Posted(intent.id, queries.contact_of(company), order.lang, facts)
    return found


KINDS = (
    letter(INVITE_MAIL, "companies/invite", load_invites),
    letter(READY_MAIL, "companies/ready", load_ready),
    *chats.KINDS,
)
