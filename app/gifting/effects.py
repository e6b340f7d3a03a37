"""Outside calls of gifting: letters with a claim's link, to the people a company gives something to."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from app.companies import queries as companies
from app.gifting import queries
from app.gifting.models import Gift, Handout, HandoutRow
from app.gifting.rules import CLAIM_DAYS
from app.gifting.service.accepting import CONTACT, GIFT_MAIL
from app.gifting.service.giving import CONTACTS
from app.gifting.service.keeping import MAIL
from app.kit import crypto, db
from app.kit.effects import Intent
from app.kit.letters import Posted, letter
from app.kit.secret import Secret
from app.merchants import queries as merchants


def load_mails(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters to those who have not opened their claim, nor lost it."""
    ids = [intent.subject_id for intent in intents]
    rows = {row.id: row for row in db.session().scalars(select(HandoutRow).where(HandoutRow.id.in_(ids)))}
    states = queries.states(rows.values())
    waiting = {number: row for number, row in rows.items() if states[number] == "new" and row.contact_sealed}
    handouts = {number: db.get(Handout, number) for number in {row.handout_id for row in waiting.values()}}
    names = companies.list_names([handout.company_id for handout in handouts.values()])
    return {
        intent.id: _posted(intent.id, row, handouts[row.handout_id], names)
        for intent in intents
        if (row := waiting.get(intent.subject_id))
    }


def _posted(key: UUID, row: HandoutRow, handout: Handout, names: Mapping[UUID, str]) -> Posted:
    shop = merchants.current()
    place = crypto.Sealed("handout_row", "contact", row.merchant_id, row.id, handout.key_id, row.contact_sealed or b"")
    facts = {
        "shop": " ".join(shop.name.split()),
        "slug": shop.slug,
        "company": names.get(handout.company_id, ""),
        "person": row.person,
        "occasion": handout.name,
        "proof": handout.proof.name.lower(),
        "again": row.reminders > 0,
        "days": CLAIM_DAYS,
    }
    return Posted(key, crypto.unseal(place, CONTACTS), handout.lang, facts, Secret(queries.token_of(row.id)))


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


KINDS = (letter(MAIL, "gifting/claim", load_mails), letter(GIFT_MAIL, "gifting/gift", load_gift_mails))
