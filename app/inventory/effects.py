"""Outside calls of inventory: the letter to somebody who is the only one to allow an export, and has to wait."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.accounts import queries as accounts
from app.inventory.models import CodeExport, ExportState
from app.inventory.queries import EXPORT_MAIL
from app.kit import db
from app.kit.effects import Intent
from app.kit.letters import Posted, letter
from app.kit.secret import Secret
from app.merchants import queries as merchants


def load_exports(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters about exports that still wait; they tell how many codes, never which."""
    shop, found = merchants.current(), {}
    for intent in intents:
        row = db.find(CodeExport, intent.subject_id)
        email = accounts.list_emails([row.asked_by]).get(row.asked_by) if row else None
        if row is None or email is None or row.state is not ExportState.ALLOWED:
            continue
        facts = {"shop": shop.name, "slug": shop.slug, "count": row.count, "ready_at": row.ready_at}
        found[intent.id] = Posted(intent.id, Secret(email), shop.lang, facts)
    return found


KINDS = (letter(EXPORT_MAIL, "inventory/export", load_exports),)
