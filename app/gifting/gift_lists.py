"""Questions about gifts: what a link leads to, what was given out of an order, and what lies in whose hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select

from app.entitlements.queries import Entitlement, State
from app.gifting import claims
from app.gifting.models import Gift, GiftRule, GiftState, Giving
from app.gifting.rules import GIVING, gift_stands
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.few import either, no_index
from app.kit.listing import Listing

MOST_LISTED = 100
STANDS = ("waiting", "claimed", "returned")


@dataclass(frozen=True)
class Given:
    """A gift with what is given, and how it stands: waiting, claimed, returned, or gone with its order's money."""

    gift: Gift
    entitlement: Entitlement
    stands: str

    @property
    def is_mine(self) -> bool:
        """Tell whether what is given is still in this gift's hand: it was not given on."""
        return self.entitlement.holder_id == self.gift.id


def giving() -> Giving:
    """Return what buyers of the shop may give on."""
    said = db.session().scalar(select(GiftRule.giving))
    return GIVING if said is None else said


def gift_token(gift_id: UUID) -> str:
    """Return the token of a gift's link."""
    return claims.token_of(gift_id, claims.GIFT)


def find_gift(token: str, *, now: datetime) -> Given | None:
    """Return what a link leads to, however it stands, or None for a link we never made."""
    number = claims.row_of(token, claims.GIFT)
    gift = db.find(Gift, number) if number else None
    return _with_entitlements([gift], now)[0] if gift else None


def get_gift(gift_id: UUID | None, *, now: datetime) -> Given:
    """Return a gift of the shop, or refuse with NotFound."""
    return _with_entitlements([db.get(Gift, gift_id)], now)[0]


def given_word(gift: Gift) -> str:
    """Return the word that a giver tells, or "" where a tap is enough."""
    return claims.word_of(gift.id) if gift.by_word else ""


def holder_word(gift: Gift) -> str:
    """Return the word by which who claimed a gift opens it in another browser."""
    return claims.word_of(gift.id, claims.HOLDER)


def list_given(order_id: UUID, *, from_id: UUID | None, now: datetime) -> list[Given]:
    """List what was given out of one hand, the latest gift of each thing; returned ones are left out."""
    mine = (Gift.order_id == order_id, Gift.state != GiftState.RETURNED, _from(from_id))
    query = select(Gift).where(*mine).order_by(no_index(Gift.id)).limit(MOST_LISTED)
    found = _with_entitlements(db.session().scalars(query).all(), now)
    return [given for given in found if given.stands in ("waiting", "claimed")]


def list_of_order(order_id: UUID, *, now: datetime) -> list[Given]:
    """List all that was given of an order, however it stands, the first gift first."""
    query = select(Gift).where(Gift.order_id == order_id).order_by(no_index(Gift.id)).limit(MOST_LISTED)
    return _with_entitlements(db.session().scalars(query).all(), now)


def list_received(contacts: Sequence[bytes], device_id: UUID | None, *, now: datetime) -> list[Given]:
    """List the gifts that were claimed with these contacts or in a browser, the latest first."""
    theirs = either(Gift.id, Gift.contact_index.in_(contacts), Gift.device_id == device_id)
    query = select(Gift).where(Gift.state == GiftState.CLAIMED, theirs).order_by(no_index(Gift.id).desc())
    found = _with_entitlements(db.session().scalars(query.limit(MOST_LISTED)).all(), now)
    return [given for given in found if given.stands == "claimed"]


def given_away(entitlement_ids: Iterable[UUID], *, now: datetime) -> dict[UUID, Given]:
    """Return the gifts that the buyers made of these entitlements and did not get back."""
    mine = (Gift.entitlement_id.in_(list(entitlement_ids)), Gift.state != GiftState.RETURNED, Gift.from_id.is_(None))
    query = select(Gift).where(*mine).order_by(no_index(Gift.id))
    return {given.gift.entitlement_id: given for given in _with_entitlements(db.session().scalars(query).all(), now)}


def with_entitlements(gifts: Sequence[Gift]) -> list[Given]:
    """Return gifts with what they give, and how they stand now."""
    return _with_entitlements(gifts, clock.now())


def count_gifts() -> dict[str, int]:
    """Count the gifts of the shop by how they stand."""
    query = select(Gift.state, func.count()).group_by(Gift.state)
    counted = {state.name.lower(): count for state, count in db.session().execute(query)}
    return {name: counted.get(name, 0) for name in STANDS}


def _in_state(query: Select[Any], said: str) -> Select[Any]:
    return query.where(Gift.state == GiftState[said.upper()]) if said in STANDS else query


GIFTS = Listing(query=lambda: select(Gift), keys=(Gift.id,), filters={"state": _in_state})


def _from(from_id: UUID | None) -> ColumnElement[bool]:
    return no_index(Gift.from_id).is_(None) if from_id is None else and_(Gift.from_id == from_id)


def _with_entitlements(gifts: Sequence[Gift], now: datetime) -> list[Given]:
    owned = _owned(gift.entitlement_id for gift in gifts)
    if any(gift.entitlement_id not in owned for gift in gifts):
        raise NotFound
    return [Given(gift, owned[gift.entitlement_id], _stands(gift, owned[gift.entitlement_id], now)) for gift in gifts]


def _owned(ids: Iterable[UUID]) -> dict[UUID, Entitlement]:
    found = db.session().scalars(select(Entitlement).where(Entitlement.id.in_(list(ids))))
    return {row.id: row for row in found}


def _stands(gift: Gift, owned: Entitlement, now: datetime) -> str:
    return gift_stands(gift.state, ready=owned.state is State.READY, expires_at=gift.expires_at, now=now)
