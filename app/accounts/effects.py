"""Outside calls of accounts: letters to people who sign in."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.links import token_of
from app.accounts.models import PasswordReset, User
from app.accounts.rules import RESET_MINUTES
from app.kit import clock, db
from app.kit.effects import Intent
from app.kit.events import EventRow
from app.kit.letters import Posted, letter
from app.kit.secret import Secret

RESET_MAIL = "accounts.reset_mail"
CHANGED_MAIL = "accounts.changed_mail"
CHANGED_MAIL_LIFE = timedelta(days=3)


def _load_resets(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters of those resets that are still good and of somebody."""
    query = (
        select(PasswordReset.id, User.email, EventRow.data)
        .join(User, User.id == PasswordReset.user_id)
        .join(EventRow, EventRow.subject_id == PasswordReset.id)
        .where(EventRow.subject_type == "password_reset", PasswordReset.id.in_([it.subject_id for it in intents]))
        .where(PasswordReset.used_at.is_(None), PasswordReset.expires_at > clock.now())
    )
    found = {number: (email, facts) for number, email, facts in db.session().execute(query)}
    return {intent.id: _posted(intent, *found[intent.subject_id]) for intent in intents if intent.subject_id in found}


def _posted(intent: Intent, email: str, told: Mapping[str, Any]) -> Posted:
    facts = {"email": email, "minutes": RESET_MINUTES, "shop": told.get("shop", "")}
    return Posted(intent.id, Secret(email), told["lang"], facts, Secret(token_of(intent.subject_id)))


def _load_changes(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    query = (
        select(EventRow.id, EventRow.at, EventRow.data, User.email)
        .join(User, User.id == EventRow.subject_id)
        .where(EventRow.id.in_([intent.subject_id for intent in intents]))
    )
    found = {row.id: row for row in db.session().execute(query)}
    return {
        intent.id: Posted(
            intent.id,
            Secret(row.email),
            row.data["lang"],
            {"email": row.email, "at": row.at, "network": row.data["network"]},
        )
        for intent in intents
        if (row := found.get(intent.subject_id)) is not None
    }


KINDS = (
    letter(RESET_MAIL, "accounts/reset", _load_resets),
    letter(CHANGED_MAIL, "accounts/changed", _load_changes),
)
