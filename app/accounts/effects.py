"""Outside calls of accounts: letters to people who sign in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.links import token_of
from app.accounts.models import PasswordReset, User
from app.accounts.rules import RESET_MINUTES
from app.kit import clock, db, mail
from app.kit.effects import Answer, Done, Intent, Kind, Refused, Temporary, Unknown
from app.kit.events import EventRow
from app.kit.secret import Secret

RESET_MAIL = "accounts.reset_mail"
CHANGED_MAIL = "accounts.changed_mail"
CHANGED_MAIL_LIFE = timedelta(days=3)


@dataclass(frozen=True)
class Posted:
    """What a letter needs to be written; `token` opens its link."""

    key: UUID
    to: str
    lang: str
    facts: Mapping[str, Any]
    token: Secret | None = None


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
    facts = {"email": email, "minutes": RESET_MINUTES}
    return Posted(intent.id, email, told["lang"], facts, Secret(token_of(intent.subject_id)))


def _load_changes(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    query = (
        select(EventRow.id, EventRow.at, EventRow.data, User.email)
        .join(User, User.id == EventRow.subject_id)
        .where(EventRow.id.in_([intent.subject_id for intent in intents]))
    )
    found = {row.id: row for row in db.session().execute(query)}
    return {
        intent.id: Posted(
            intent.id, row.email, row.data["lang"], {"email": row.email, "at": row.at, "network": row.data["network"]}
        )
        for intent in intents
        if (row := found.get(intent.subject_id)) is not None
    }


def _post(name: str, posted: Posted, transport: mail.Transport) -> Answer:
    secret = {"token": posted.token.expose()} if posted.token else {}
    try:
        letter = mail.write(name, to=posted.to, lang=posted.lang, facts={**posted.facts, **secret})
        transport.send(letter, key=posted.key)
    except mail.NotSent as error:
        return Temporary(str(error))
    except mail.NotTaken as error:
        return Refused(str(error))
    except mail.Doubtful as error:
        return Unknown(str(error))
    return Done()


def _settle(_intent: Intent, _answer: Answer) -> None:
    """Nothing of ours changes: the effect's own row tells whether the letter left."""


def _letter(kind: str, name: str, load: Any) -> Kind:
    """Return the kind of one letter; a second copy of a letter does less harm than none, so it may be repeated."""
    return Kind(
        kind, load, lambda value, client: _post(name, value, client), _settle, client=mail.opened, repeatable=True
    )


KINDS = (
    _letter(RESET_MAIL, "accounts/reset", _load_resets),
    _letter(CHANGED_MAIL, "accounts/changed", _load_changes),
)
