"""The two doors to plaintext."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.kit import clock, db
from app.kit.crypto.keys import CODE, Key, Sealed, Unreadable, load_key
from app.kit.events import By, EventRow
from app.kit.secret import Secret

REVEAL_AGE = timedelta(seconds=60)
REVEALED, FETCHED = ".revealed", ".fetched"
AGAIN_AGE = timedelta(hours=25)  # of a reveal that a fetch repeats


class RevealRefused(RuntimeError):
    """A code was asked for without a fresh, committed reveal of just this code by just this person."""


@dataclass(frozen=True)
class Reveal:
    """A sealed code and the event that says who asked for it.

    `fetch_id` says that it leaves once more, with the same file: an event of the file that the reveal was for.
    """

    sealed: Sealed
    event_id: UUID
    fetch_id: UUID | None = None


def open(reveals: Sequence[Reveal], *, by: By) -> list[Secret]:
    """Return the codes whose reveal, or fetch, was committed at most 60 s ago by `by`; refuses while a unit is open."""
    if db.is_open():
        raise RevealRefused("a code is opened after the commit of its reveal, never inside a unit")
    if not reveals:
        return []
    merchants = {reveal.sealed.merchant_id for reveal in reveals}
    if len(merchants) != 1:
        raise RevealRefused("codes of several merchants")
    keys = db.read(merchants.pop(), lambda: _proven(reveals, by))
    return [keys[reveal.sealed.key_id].unseal(reveal.sealed) for reveal in reveals]


def _proven(reveals: Sequence[Reveal], by: By) -> dict[UUID, Key]:
    for reveal in reveals:
        event = _checked(db.find(EventRow, reveal.event_id), reveal.sealed, by)
        if reveal.fetch_id is None:
            _check_age(event, REVEAL_AGE)
        else:
            _check_age(event, AGAIN_AGE)
            _check_fetch(db.find(EventRow, reveal.fetch_id), event, by)
    keys = {key_id: load_key(key_id) for key_id in {reveal.sealed.key_id for reveal in reveals}}
    if any(key.purpose != CODE for key in keys.values()):
        raise Unreadable("not a code")
    return keys


def _checked(event: EventRow | None, sealed: Sealed, by: By) -> EventRow:
    if event is None or not event.name.endswith(REVEALED):
        raise RevealRefused("no such reveal")
    if (event.subject_type, event.subject_id) != (sealed.table, sealed.row_id):
        raise RevealRefused("the reveal was of another code")
    if (event.actor_type, event.actor_id) != (by.type, by.id):
        raise RevealRefused("the reveal was by somebody else")
    return event


def _check_age(event: EventRow, longest: timedelta) -> None:
    if not timedelta(0) <= clock.now() - event.at <= longest:
        raise RevealRefused("the reveal is too old")


def _check_fetch(fetch: EventRow | None, event: EventRow, by: By) -> None:
    """Refuse a fetch that is not fresh, by somebody else, or of another file than the reveal names as its own."""
    if fetch is None or not fetch.name.endswith(FETCHED):
        raise RevealRefused("no such fetch")
    if (fetch.actor_type, fetch.actor_id) != (by.type, by.id):
        raise RevealRefused("the fetch was by somebody else")
    if event.data.get(f"{fetch.name.removesuffix(FETCHED)}_id") != str(fetch.subject_id):
        raise RevealRefused("the fetch was of another file")
    _check_age(fetch, REVEAL_AGE)


def unseal(sealed: Sealed, purpose: str) -> Secret:
    """Return a contact, credential or staged chunk sealed for `purpose`, inside a unit of its merchant."""
    key = load_key(sealed.key_id)
    if purpose == CODE or key.purpose != purpose:
        raise Unreadable(f"{sealed.table}.{sealed.column} is not for {purpose}")
    if sealed.merchant_id != db.merchant_id():
        raise Unreadable("of another merchant")
    return key.unseal(sealed)
