"""Wording: a shop's own words about its deliveries: saved as versions, published, withdrawn, taken over, tried out."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from app.catalog.queries import is_web_address
from app.delivery import wordings
from app.delivery.errors import BadButton, BadLink, NotInForce, SaysNothing
from app.delivery.events import WordingPublished, WordingSaved, WordingTried, WordingWithdrawn
from app.delivery.models import Wording, WordingVersion
from app.delivery.wording_text import NAMES, Step, Words, as_row, first_bad_link
from app.delivery.wordings import Place
from app.kit import db, effects
from app.kit.errors import Invalid, NotFound, Refusal, TooLong
from app.kit.events import By, publish
from app.kit.filling import check
from app.kit.ids import new_id

MOST_STEPS = 5
LONGEST = {"title": 80, "tips": 2000, "button": 30, "invite": 300, "footer": 400}
LONGEST_STEP = 400
RICH = ("tips", "invite", "footer")
LOGO, INVITE = "logo", "invite"
PICTURE_BYTES = 40 * 1024
TRIAL = "delivery.wording_trial"
TRIAL_LIFE = timedelta(hours=1)


def save_wording(place: Place, words: Words, *, now: datetime, by: By) -> WordingVersion:
    """Keep words as the newest version of a wording; the same once more make none. Raises Invalid, all faults at once.

    Its pictures are those of the version before; a step keeps the one of its place.
    """
    before = wordings.find_newest(place)
    if before is not None:
        words = with_pictures(words, wordings.words_of(before))
    if faults := faults_of(words):
        raise Invalid(faults)
    return before if before and not wordings.changed(before, words) else _add(place, words, now, by)


def put_picture(place: Place, slot: str, picture_id: UUID | None, *, now: datetime, by: By) -> WordingVersion:
    """Let a new version show a picture of the kit, or none, at a place: `logo`, `invite`, or the number of a step."""
    before = wordings.find_newest(place)
    words = wordings.words_of(before) if before else Words()
    changed = _put(words, slot, picture_id)
    return before if before and changed == words else _add(place, changed, now, by)


def publish_wording(place: Place, *, now: datetime, by: By) -> WordingVersion:
    """Let buyers read the newest version from now on, in the place of the one before. Refuses what says nothing."""
    known = wordings.find_wording(place)
    found = (
        wordings.find_newest(place) if known and _lock(known.id) else None
    )  # what is newest is known once it is ours
    if found is None or wordings.words_of(found) == Words():
        raise SaysNothing
    if found.published_at is not None and found.ended_at is None:
        return found
    _end(found.wording_id, now)
    if found.published_at is not None:  # it was withdrawn; what was in force when must stay known
        found = _add(place, wordings.words_of(found), now, by)
    fresh = (WordingVersion.id == found.id, WordingVersion.published_at.is_(None))
    db.changed(update(WordingVersion).where(*fresh).values(published_at=now))
    publish(WordingPublished(subject_id=found.wording_id, number=found.number, at=now, by=by))
    wordings.forget_published()
    return found


def withdraw_wording(place: Place, *, now: datetime, by: By) -> None:
    """Let new buyers read these words no more; who got them keeps them. Refuses with NotInForce."""
    found = wordings.find_wording(place)
    if found is None or not (number := _end(found.id, now)):
        raise NotInForce
    publish(WordingWithdrawn(subject_id=found.id, number=number, at=now, by=by))
    wordings.forget_published()


def restore_wording(place: Place, number: int, *, now: datetime, by: By) -> WordingVersion:
    """Let the newest version say what an older one said; refuses with NotFound."""
    return _take(place, wordings.words_of(wordings.get_version(place, number)), now, by)


def copy_wording(place: Place, source: Place, *, now: datetime, by: By) -> WordingVersion:
    """Let the newest version say what another wording's newest says, pictures and all; refuses with NotFound."""
    found = wordings.find_newest(source)
    if found is None:
        raise NotFound
    return _take(place, wordings.words_of(found), now, by)


def try_wording(place: Place, *, now: datetime, by: By) -> None:
    """Send a letter with the newest version and sample values to the address of whoever asks."""
    found = wordings.find_newest(place)
    if found is None or by.type != "user":
        raise SaysNothing
    (asked,) = publish(WordingTried(subject_id=found.id, lang=place.lang, at=now, by=by))
    effects.intend(TRIAL, asked, due_at=now, deadline=now + TRIAL_LIFE)


def faults_of(words: Words) -> dict[str, Refusal]:
    """Return what is wrong with words, by field."""
    texts = {name: getattr(words, name) for name in LONGEST}
    texts |= {f"step_{number}": step.text for number, step in enumerate(words.steps, 1)}
    faults = {name: fault for name, text in texts.items() if (fault := _fault_of(name, text))}
    if bool(words.button) != bool(words.button_url) or (words.button_url and not is_web_address(words.button_url)):
        faults["button_url"] = BadButton()
    return faults


def _fault_of(name: str, text: str) -> Refusal | None:
    limit = LONGEST.get(name, LONGEST_STEP)
    if len(text) > limit:
        return TooLong(limit)
    try:
        check(text, NAMES)
    except Refusal as fault:
        return fault
    is_rich = name in RICH or name.startswith("step_")
    return BadLink(url) if is_rich and (url := first_bad_link(text.splitlines())) else None


def with_pictures(words: Words, before: Words) -> Words:
    """Return words with the pictures that others have, each at its place."""
    pictures = [step.picture_id for step in before.steps] + [None] * MOST_STEPS
    texts = [step.text for step in words.steps] + [""] * MOST_STEPS
    steps = [Step(text, picture) for text, picture in zip(texts[:MOST_STEPS], pictures, strict=False)]
    return replace(words, steps=_cut(steps), logo_id=before.logo_id, invite_picture_id=before.invite_picture_id)


def _put(words: Words, slot: str, picture_id: UUID | None) -> Words:
    if slot == LOGO:
        return replace(words, logo_id=picture_id)
    if slot == INVITE:
        return replace(words, invite_picture_id=picture_id)
    if not slot.isascii() or not slot.isdigit() or not 1 <= int(slot) <= MOST_STEPS:
        raise NotFound
    steps = [*words.steps, *[Step()] * MOST_STEPS][:MOST_STEPS]
    steps[int(slot) - 1] = replace(steps[int(slot) - 1], picture_id=picture_id)
    return replace(words, steps=_cut(steps))


def _cut(steps: list[Step]) -> tuple[Step, ...]:
    """Return steps up to the last one that says or shows something."""
    while steps and steps[-1] == Step():
        steps.pop()
    return tuple(steps)


def _take(place: Place, words: Words, now: datetime, by: By) -> WordingVersion:
    newest = wordings.find_newest(place)
    return newest if newest and not wordings.changed(newest, words) else _add(place, words, now, by)


def _add(place: Place, words: Words, now: datetime, by: By) -> WordingVersion:
    """Write a version down, numbered after the last; its wording's row is locked by that."""
    wording_id = _wording(place, now)
    number = db.session().scalar(
        update(Wording)
        .where(Wording.id == wording_id)
        .values(versions=Wording.versions + 1)
        .returning(Wording.versions)
    )
    made = WordingVersion(
        id=new_id(), wording_id=wording_id, number=number, made_at=now, made_by=by.id, **as_row(words)
    )
    db.session().add(made)
    db.session().flush()
    publish(WordingSaved(subject_id=wording_id, number=made.number, at=now, by=by))
    return made


def _wording(place: Place, now: datetime) -> UUID:
    row = {"merchant_id": db.merchant_id(), "id": new_id(), "versions": 0, "created_at": now, **place._asdict()}
    key = ["merchant_id", "product_id", "lang", "medium"]
    db.session().execute(db.insert_or(Wording).values(row).on_conflict_do_nothing(index_elements=key))
    found = wordings.find_wording(place)
    assert found
    return found.id


def _lock(wording_id: UUID) -> bool:
    """Let nobody else change a wording before this unit ends."""
    return bool(db.changed(update(Wording).where(Wording.id == wording_id).values(versions=Wording.versions)))


def _end(wording_id: UUID, now: datetime) -> int:
    """End the version in force, and return its number; 0 where none was."""
    v = WordingVersion
    open_now = (v.wording_id == wording_id, v.published_at.is_not(None), v.ended_at.is_(None))
    ended = update(v).where(*open_now).values(ended_at=now).returning(v.number)
    return db.session().scalar(ended) or 0
