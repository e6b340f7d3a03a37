"""What members are told by each way: the outside calls, one party's trouble holding up no other."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.accounts import queries as accounts
from app.companies import queries
from app.companies.models import Company, Telling
from app.companies.service.telling import BY, WAY_OF, record_told
from app.delivery.queries import Guide
from app.kit import clock, db
from app.kit.effects import Intent
from app.kit.ids import public
from app.kit.letters import Posted, letter
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.messages import queries as messages
from app.messages.queries import Channel
from app.messages.service import Said, in_chat
from app.orders import queries as orders


def load_chats(intents: Sequence[Intent]) -> Mapping[UUID, Said]:
    """Return what members are told by a chat; who left, or has no user ID there any more, by the next way."""
    now, guide, found = clock.now(), Guide(), {}
    for intent in intents:
        row = db.get(Telling, intent.subject_id)
        to = queries.reached_by(row.company_id, row.user_id).get(row.channel, Secret(""))
        lines = messages.lines(row.channel, now=now) if len(to) else []
        waits = guide.waits(row.channel, lines, now=now) if len(to) else ""
        if facts := _facts(row):
            found[intent.id] = Said(row.id, to, orders.get(row.order_id).lang, facts, lines, waits=waits)
    return found


def load_letters(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters to members whose turn it is to get one."""
    found = {}
    for intent in intents:
        row = db.get(Telling, intent.subject_id)
        facts, email = _facts(row), accounts.list_emails([row.user_id]).get(row.user_id)
        if facts and email:
            found[intent.id] = Posted(intent.id, Secret(email), orders.get(row.order_id).lang, facts)
    return found


def _facts(row: Telling) -> dict[str, Any]:
    """Return what is to be said, or nothing where there is nobody to tell any more."""
    company, shop = db.get(Company, row.company_id), merchants.current()
    if company.closed_at or queries.find_member(company.id, row.user_id) is None:
        return {}
    order = orders.get(row.order_id)
    facts: dict[str, Any] = {"shop": shop.name, "slug": shop.slug, "company": company.name, "number": order.number}
    return facts | {"lines": [(line.title, line.quantity) for line in order.lines], "order": public("ord", order.id)}


def _settle(intent: Intent, told: bool) -> None:
    record_told(intent.subject_id, WAY_OF[intent.kind], told=told, now=clock.now())


KINDS = (
    *(in_chat(BY[way], "companies/ready", load_chats, _settle) for way in (Channel.WECOM, Channel.DINGTALK)),
    letter(BY[Channel.EMAIL], "companies/ready", load_letters, _settle),
)
