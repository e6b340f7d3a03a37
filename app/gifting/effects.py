"""Outside calls of gifting: a claim's link by letter or chat, to the people a company gives something to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.companies import queries as companies
from app.delivery.queries import Guide
from app.gifting import queries
from app.gifting.models import Gift, Handout, HandoutRow
from app.gifting.rules import CLAIM_DAYS
from app.gifting.service.accepting import CONTACT, GIFT_MAIL
from app.gifting.service.keeping import BY, WAY_OF, pass_on
from app.kit import bounces, clock, crypto, db
from app.kit.effects import Intent
from app.kit.letters import Posted, letter
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.messages import queries as messages
from app.messages.queries import Channel
from app.messages.service import Said, in_chat


def load_mails(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters to those who have not opened their claim, nor lost it."""
    return {
        intent.id: _posted(intent, row, handout, facts)
        for intent, row, handout, facts in _waiting(intents)
        if row.contact_sealed is not None
    }


def _posted(intent: Intent, row: HandoutRow, handout: Handout, facts: dict[str, Any]) -> Posted:
    to, back = queries.address_of(row, handout.key_id, "contact"), bounces.address_for(row.merchant_id, row.id)
    return Posted(intent.id, to, handout.lang, facts, _token(row), back)


def load_chats(intents: Sequence[Intent]) -> Mapping[UUID, Said]:
    """Return what those are told in chats who have not opened their claim, nor lost it."""
    now, guide, found = clock.now(), Guide(), {}
    for intent, row, handout, facts in _waiting(intents):
        if row.chat is not None:
            to, lines = queries.address_of(row, handout.key_id, "chat"), messages.lines(row.chat, now=now)
            waits = guide.waits(row.chat, lines, now=now)
            found[intent.id] = Said(row.id, to, handout.lang, facts, lines, _token(row), waits)
    return found


def _waiting(intents: Sequence[Intent]) -> Iterator[tuple[Intent, HandoutRow, Handout, dict[str, Any]]]:
    """Yield who is still to be told, with the hand-out and what there is to say."""
    ids = [intent.subject_id for intent in intents]
    rows = {row.id: row for row in db.session().scalars(select(HandoutRow).where(HandoutRow.id.in_(ids)))}
    states = queries.states(rows.values())
    waiting = {number: row for number, row in rows.items() if states[number] == "new"}
    handouts = {number: db.get(Handout, number) for number in {row.handout_id for row in waiting.values()}}
    names = companies.list_names([handout.company_id for handout in handouts.values()])
    for intent in intents:
        if row := waiting.get(intent.subject_id):
            yield intent, row, handouts[row.handout_id], _facts(row, handouts[row.handout_id], names)


def _facts(row: HandoutRow, handout: Handout, names: Mapping[UUID, str]) -> dict[str, Any]:
    shop = merchants.current()
    return {
        "shop": " ".join(shop.name.split()),
        "slug": shop.slug,
        "company": names.get(handout.company_id, ""),
        "person": row.person,
        "occasion": handout.name,
        "proof": handout.proof.name.lower(),
        "again": row.reminders > 0,
        "days": CLAIM_DAYS,
    }


def load_gift_mails(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters with the link to those who claimed a gift and still have it."""
    ids = [intent.subject_id for intent in intents]
    found = queries.with_entitlements(db.session().scalars(select(Gift).where(Gift.id.in_(ids))).all())
    mine = {given.gift.id: given.gift for given in found if given.stands == "claimed" and given.is_mine}
    return {
        intent.id: _gift_posted(intent.id, gift)
        for intent in intents
        if (gift := mine.get(intent.subject_id)) and gift.contact_sealed and gift.key_id
    }


def _gift_posted(key: UUID, gift: Gift) -> Posted:
    shop = merchants.current()
    assert gift.key_id
    assert gift.contact_sealed
    place = crypto.Sealed("gift", "contact", gift.merchant_id, gift.id, gift.key_id, gift.contact_sealed)
    facts = {"shop": " ".join(shop.name.split()), "slug": shop.slug, "giver": gift.giver, "person": gift.receiver}
    return Posted(key, crypto.unseal(place, CONTACT), gift.lang, facts, Secret(queries.gift_token(gift.id)))


def _token(row: HandoutRow) -> Secret:
    return Secret(queries.token_of(row.id))


def _settle(intent: Intent, told: bool) -> None:
    if not told:
        pass_on(intent.subject_id, WAY_OF[intent.kind], now=clock.now())


KINDS = (
    letter(BY[Channel.EMAIL], "gifting/claim", load_mails, _settle),
    letter(GIFT_MAIL, "gifting/gift", load_gift_mails),
    *(in_chat(BY[way], "gifting/claim", load_chats, _settle) for way in BY if way is not Channel.EMAIL),
)
