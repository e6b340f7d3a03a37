"""Giving: a list of people is drafted, looked at with its problems, and confirmed with its count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from app.companies import service as companies
from app.gifting import queries
from app.gifting.claims import WORDS
from app.gifting.errors import CountChanged, NobodyNamed, NothingReady, TooManyPeople
from app.gifting.events import HandoutGiven
from app.gifting.models import Handout, HandoutRow, HandoutState, ProofKind
from app.gifting.rules import CLAIM_LIFE, LONGEST, MOST_ROWS, Person, problems
from app.gifting.service.keeping import tell
from app.kit import crypto, db
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.orders import queries as orders

AT_ONCE = 500


@dataclass(frozen=True)
class Plan:
    """What a list is handed out of, under what name, and how its people prove themselves."""

    company_id: UUID
    order_id: UUID | None
    name: str
    proof: ProofKind
    lang: str


def draft(plan: Plan, people: Sequence[Person], *, now: datetime, by: By) -> UUID:
    """Take a list in and return the draft that shows what could be given to whom; nothing is given yet.

    Refuses with NotFound for a batch of somebody else, NobodyNamed or TooManyPeople.
    """
    order = orders.get(plan.order_id)
    if order.company_id != plan.company_id:
        raise NotFound
    if not people:
        raise NobodyNamed
    if len(people) > MOST_ROWS:
        raise TooManyPeople(MOST_ROWS)
    number, key = new_id(), crypto.create_key(queries.CONTACTS, new_id().hex)
    free = len(queries.list_free(order.id, now=now, limit=len(people)))
    wrong = problems(people, plan.proof, free)
    db.session().add(_handout(number, plan, order.id, key.id, wrong, now, by))
    db.session().flush()
    rows = [_row(number, line, *pair, key) for line, pair in enumerate(zip(people, wrong, strict=True), 1)]
    for at in range(0, len(rows), AT_ONCE):
        db.session().execute(insert(HandoutRow), rows[at : at + AT_ONCE])
    return number


def _handout(
    number: UUID, plan: Plan, order_id: UUID, key_id: UUID, wrong: Sequence[str], now: datetime, by: By
) -> Handout:
    return Handout(
        id=number,
        company_id=plan.company_id,
        order_id=order_id,
        name=" ".join(plan.name.split())[:LONGEST],
        proof=plan.proof,
        lang=plan.lang,
        state=HandoutState.DRAFT,
        key_id=key_id,
        total=len(wrong),
        ready=sum(not problem for problem in wrong),
        created_at=now,
        actor_type=by.type,
        actor_id=by.id,
        given_at=None,
        expires_at=None,
    )


def _row(handout_id: UUID, line: int, person: Person, problem: str, key: crypto.Key) -> dict[str, Any]:
    number = new_id()
    mail = person.email if person.email and problem != "bad_mail" else ""
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "handout_id": handout_id,
        "line": line,
        "problem": problem,
        "person": person.name[:LONGEST],
        "reference": person.reference[:LONGEST],
        "contact_sealed": key.seal("handout_row", "contact", number, Secret(mail)) if mail else None,
        "contact_mask": orders.mask_contact(mail) if mail else "",
        "chat": person.chat[0] if person.chat else None,
        "chat_sealed": key.seal("handout_row", "chat", number, Secret(person.chat[1])) if person.chat else None,
        "entitlement_id": None,
        "device_id": None,
        "proved_at": None,
        "opened_at": None,
        "revoked_at": None,
        "told_at": None,
        "told_by": None,
        "then": [],
        "reminders": 0,
    }


def confirm(handout_id: UUID | None, *, company_id: UUID, count: int, now: datetime, by: By) -> int:
    """Give each ready person of a draft one piece and write to those with an address; a second time changes nothing.

    Raises CountChanged when it would be another number than was looked at, NothingReady, NotFound, or ClosedCompany.
    """
    handout = queries.get(handout_id, company_id=company_id)
    companies.lock(company_id)  # who takes of the same batch waits
    db.session().refresh(handout, with_for_update=True)
    if handout.state is HandoutState.GIVEN:
        return handout.ready
    mine = (HandoutRow.handout_id == handout.id, HandoutRow.problem == "")
    rows = db.session().scalars(select(HandoutRow).where(*mine).order_by(HandoutRow.line)).all()
    free = queries.list_free(handout.order_id, now=now, limit=len(rows))
    ready = min(len(rows), len(free))
    if ready != count:
        raise CountChanged(ready, count)
    if not count:
        raise NothingReady
    _give(rows[:count], free)
    for row in rows[count:]:
        row.problem = "none_left"
    handout.ready = count
    crypto.fingerprint_key(WORDS)  # made now, so that a page that only reads finds it
    handout.state, handout.given_at, handout.expires_at = HandoutState.GIVEN, now, now + CLAIM_LIFE
    tell(rows[:count], now=now)
    publish(HandoutGiven(subject_id=handout.id, order_id=handout.order_id, rows=count, at=now, by=by))
    return count


def _give(rows: Sequence[HandoutRow], free: Sequence[UUID]) -> None:
    pairs = [
        {"merchant_id": row.merchant_id, "id": row.id, "entitlement_id": number}
        for row, number in zip(rows, free, strict=True)
    ]
    for at in range(0, len(pairs), AT_ONCE):
        db.session().execute(update(HandoutRow), pairs[at : at + AT_ONCE])


def discard(handout_id: UUID | None, *, company_id: UUID) -> None:
    """Remove a draft with its rows; one that was given stays."""
    handout = queries.get(handout_id, company_id=company_id)
    db.session().refresh(handout, with_for_update=True)
    if handout.state is HandoutState.DRAFT:
        db.session().execute(delete(HandoutRow).where(HandoutRow.handout_id == handout.id))
        db.session().execute(delete(Handout).where(Handout.id == handout.id))
