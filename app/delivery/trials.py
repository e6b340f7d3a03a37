"""Trials: a letter with sample values to whoever writes the words, by the way that letters to buyers go."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from app.accounts import queries as accounts
from app.delivery.models import Wording, WordingVersion
from app.delivery.saying import sample_facts
from app.delivery.service.wording import TRIAL
from app.delivery.wordings import words_of
from app.kit import db
from app.kit.effects import Intent
from app.kit.events import EventRow
from app.kit.letters import Posted, letter
from app.kit.secret import Secret


def load_trials(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters that were asked for, each to whoever asked."""
    query = (
        select(EventRow.id, EventRow.actor_id, WordingVersion, Wording)
        .join(WordingVersion, WordingVersion.id == EventRow.subject_id)
        .join(Wording, Wording.id == WordingVersion.wording_id)
        .where(EventRow.id.in_([intent.subject_id for intent in intents]))
    )
    found = {row.id: row for row in db.session().execute(query)}
    people = accounts.list_emails({row.actor_id for row in found.values()})
    return {
        intent.id: Posted(
            intent.id,
            Secret(people[row.actor_id]),
            row.Wording.lang,
            sample_facts(words_of(row[2]), row.Wording.product_id, row.Wording.lang),
        )
        for intent in intents
        if (row := found.get(intent.subject_id)) and row.actor_id in people
    }


TRIALS = letter(TRIAL, "delivery/trial", load_trials)
