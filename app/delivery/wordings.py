"""Questions about a shop's own words: what there is, what is in force, and what the buyer of an order got.

A version is in force from its publication until its end, so what a buyer got is known by when his code was ready, and
nothing needs to be written down at a sale. Words for a product and language come first, then those for the product in
another language, then those of the whole shop; a letter without words of its own says what the page says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from app.delivery.models import WHOLE_SHOP, Medium, Wording, WordingVersion
from app.delivery.wording_text import Step, Words
from app.kit import db
from app.kit.errors import NotFound
from app.kit.recent import Recent

_published: "Recent[Sequence[Published]]" = Recent()
MOST_TRIED = 50


class Place(NamedTuple):
    """Which wording: of which product, or WHOLE_SHOP, in which language, for which medium."""

    product_id: UUID
    lang: str
    medium: Medium


class Published(NamedTuple):
    """From when until when a version is in force."""

    place: Place
    version_id: UUID
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Standing:
    """How far a wording is: the newest version, and the one in force."""

    newest: int
    in_force: int | None
    since: datetime | None


def find_wording(place: Place) -> Wording | None:
    """Return the wording of a place."""
    mine = (Wording.product_id == place.product_id, Wording.lang == place.lang, Wording.medium == place.medium)
    return db.session().scalar(select(Wording).where(*mine))


def list_standing() -> dict[Place, Standing]:
    """Return how far each wording of the shop is."""
    ours = (WordingVersion.merchant_id == Wording.merchant_id) & (WordingVersion.wording_id == Wording.id)
    in_force = ours & WordingVersion.published_at.is_not(None) & WordingVersion.ended_at.is_(None)
    query = select(Wording, WordingVersion.number, WordingVersion.published_at).outerjoin(WordingVersion, in_force)
    return {
        Place(row.product_id, row.lang, row.medium): Standing(row.versions, number, since)
        for row, number, since in db.session().execute(query)
    }


def list_versions(place: Place) -> Sequence[WordingVersion]:
    """List the versions of a wording, the newest first."""
    found = find_wording(place)
    if found is None:
        return ()
    mine = select(WordingVersion).where(WordingVersion.wording_id == found.id).execution_options(populate_existing=True)
    return db.session().scalars(mine.order_by(WordingVersion.number.desc()).limit(MOST_TRIED)).all()


def find_newest(place: Place) -> WordingVersion | None:
    """Return the newest version of a wording."""
    return next(iter(list_versions(place)), None)


def get_version(place: Place, number: int) -> WordingVersion:
    """Return a version by its number, or refuse with NotFound."""
    found = next((version for version in list_versions(place) if version.number == number), None)
    if found is None:
        raise NotFound
    return found


def words_of(version: WordingVersion) -> Words:
    """Return what a version says."""
    said = {name: getattr(version, name) for name in Words.__dataclass_fields__ if name != "steps"}
    return Words(
        steps=tuple(Step(text, UUID(hex=picture) if picture else None) for text, picture in version.steps), **said
    )


def list_words(ids: Iterable[UUID]) -> dict[UUID, Words]:
    """Return what versions say, by id."""
    asked = set(ids)
    query = select(WordingVersion).where(WordingVersion.id.in_(asked))
    return {row.id: words_of(row) for row in db.session().scalars(query)} if asked else {}


# What is in force ------------------------------------------------------------------------------------------------


def published() -> Sequence[Published]:
    """Return when which version of the shop was in force; what other processes change is seen seconds later."""
    return _published.find((db.merchant_id(),), _read_published) or ()


def forget_published() -> None:
    """Let what the running unit changes be seen."""
    _published.forget()


def _read_published() -> list[Published]:
    v = WordingVersion
    query = (
        select(Wording.product_id, Wording.lang, Wording.medium, v.id, v.published_at.label("since"), v.ended_at)
        .join(v, (v.merchant_id == Wording.merchant_id) & (v.wording_id == Wording.id))
        .where(v.published_at.is_not(None))
        .order_by(v.published_at)
    )
    return [
        Published(Place(row.product_id, row.lang, row.medium), row.id, row.since, row.ended_at)
        for row in db.session().execute(query)
    ]


def choose(
    moments: Mapping[UUID, datetime], lang: str, fallback: str, medium: Medium, there: Sequence[Published]
) -> dict[UUID, UUID]:
    """Return for each product, by the moment its buyer got it, the version that was in force for him, if any was."""
    found = {product: _chosen(product, at, (lang, fallback), medium, there) for product, at in moments.items()}
    return {product: version for product, version in found.items() if version}


def _chosen(
    product_id: UUID, at: datetime, langs: tuple[str, str], medium: Medium, there: Sequence[Published]
) -> UUID | None:
    in_force = {one.place: one.version_id for one in there if _is_in_force(one, at)}
    others = sorted({place.lang for place in in_force} - set(langs))
    places = [(product_id, lang) for lang in dict.fromkeys((*langs, *others))] + [(WHOLE_SHOP, langs[0])]
    media = dict.fromkeys((medium, Medium.PAGE))
    tries = (Place(product, lang, one) for product, lang in places for one in media)
    return next((in_force[place] for place in tries if place in in_force), None)


def _is_in_force(one: Published, at: datetime) -> bool:
    return one.since <= at and (one.until is None or at < one.until)


def changed(version: WordingVersion, words: Words) -> bool:
    """Tell whether words are other ones than a version says."""
    return words_of(version) != words
