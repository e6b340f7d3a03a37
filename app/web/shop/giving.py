"""What a page shows of giving: what of a hand can be given away, what was, and the text that goes with its link."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.entitlements.queries import Entitlement, State
from app.gifting import queries
from app.gifting.queries import Given, Giving
from app.kit import clock
from app.kit.ids import public
from app.orders.queries import Order
from app.web.language import here
from app.web.titles import titles_of

AS_GIFT = "as_gift"  # this cookie keeps an order's page from showing the codes by itself
MOST = 20


@dataclass(frozen=True)
class Piece:
    """One thing on a giver's page: what it is called, and where it is given away or what became of that stands."""

    title: str
    tail: str
    receiver: str
    stands: str
    seen: bool
    url: str


@dataclass(frozen=True)
class Gifts:
    """What of an order can be given away, and what was; `only_unseen` says why something cannot."""

    given: tuple[Piece, ...] = ()
    free: tuple[Piece, ...] = ()
    only_unseen: bool = False

    @property
    def blocked(self) -> bool:
        """Tell whether there is something that could be given if nobody had looked at it."""
        return self.only_unseen and any(piece.seen for piece in self.free)

    @property
    def open(self) -> list[Piece]:
        return [piece for piece in self.free if not (self.only_unseen and piece.seen)]


@dataclass(frozen=True)
class GiftShown:
    """A gift as both its giver and its receiver may see it."""

    given: Given
    title: str
    link: str  # in full, for another phone
    qr: str
    text: str
    word: str

    @property
    def stands(self) -> str:
        return self.given.stands

    @property
    def words(self) -> tuple[str, str, str]:
        """Return the text before, within and after its link."""
        return self.text.partition(self.link)

    @property
    def opens_at(self) -> datetime | None:
        """Return the day it waits for, or None when that is here."""
        at = self.given.gift.opens_at
        return at if at and at > clock.now() else None


def gifts_of(found: Order, owned: Sequence[Entitlement], token: str) -> Gifts:
    """Return what the buyer of an order can give away and what they gave; nothing where the shop does not want it."""
    giving, given = queries.giving(), queries.list_given(found.id, from_id=None, now=clock.now())
    titles = titles_of(found, {item.sku_id for item in owned})
    if found.company_id is not None or (giving is Giving.NOTHING and not given):
        return Gifts()
    free = () if giving is Giving.NOTHING else _free(owned)
    return Gifts(
        tuple(_given(one, titles, token) for one in given),
        tuple(_piece(item, titles, token, "") for item in free),
        only_unseen=giving is Giving.UNSEEN,
    )


def gift_shown(given: Given, title: str) -> GiftShown:
    """Return a gift with its link in full, and the text to send with it."""
    token = queries.gift_token(given.gift.id)
    link = request.url_root.rstrip("/") + here(".gift", gift=token)
    giver = given.gift.giver
    text = (
        gettext("%(giver)s gives you “%(title)s”. Open it here: %(link)s", giver=giver, title=title, link=link)
        if giver
        else gettext("A gift for you: “%(title)s”. Open it here: %(link)s", title=title, link=link)
    )
    return GiftShown(given, title, link, here(".gift_qr", gift=token), text, queries.given_word(given.gift))


def _free(owned: Iterable[Entitlement]) -> list[Entitlement]:
    fresh = [item for item in owned if item.holder_id is None and item.state is State.READY and not item.used]
    return fresh[:MOST]


def _given(given: Given, titles: Mapping[UUID, str], token: str) -> Piece:
    receiver = given.gift.receiver
    return _piece(given.entitlement, titles, token, given.stands, receiver=receiver)


def _piece(item: Entitlement, titles: Mapping[UUID, str], token: str, stands: str, *, receiver: str = "") -> Piece:
    return Piece(
        title=titles.get(item.sku_id, ""),
        tail="" if stands else item.tail,
        receiver=receiver,
        stands=stands,
        seen=item.reveals > 0,
        url=here(".give", token=token, entitlement=public("ent", item.id)),
    )
