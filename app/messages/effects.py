"""Outside calls of messages: letters to who owns the shop."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid5

from app.accounts import queries as accounts
from app.kit import db
from app.kit.effects import Intent
from app.kit.ids import public
from app.kit.letters import Posted, circular
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.messages.models import StaffNote
from app.messages.queries import NOTE_MAIL, facts_of


def load_notes(intents: Sequence[Intent]) -> Mapping[UUID, Sequence[Posted]]:
    """Return the letters about notes: of each one to every owner, in the shop's language."""
    shop, owners = merchants.current(), accounts.list_owners()
    found = {}
    for intent in intents:
        if note := db.find(StaffNote, intent.subject_id):
            facts = facts_of(note) | {"kind": note.kind, "shop": " ".join(shop.name.split()), "slug": shop.slug}
            facts |= {"about": public(note.subject_type, note.subject_id)}
            found[intent.id] = [
                Posted(uuid5(intent.id, user.hex), Secret(email), shop.lang, facts) for user, email in owners.items()
            ]
    return found


KINDS = (circular(NOTE_MAIL, "messages/stock", load_notes),)
