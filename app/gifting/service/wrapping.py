"""Wrapping: an owner gives something to a person by a link, and takes it back as long as nobody has claimed it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.errors import NotInHand
from app.gifting import queries
from app.gifting.claims import WORDS
from app.gifting.errors import BadOpening, GiftEnded, GiftsOff, SeenBefore
from app.gifting.events import GiftMade, GiftReturned, GiftRuleChanged
from app.gifting.models import Gift, GiftRule, GiftState, Giving
from app.gifting.rules import GIFT_LIFE, LONGEST_MESSAGE, LONGEST_NAME, LONGEST_WAIT
from app.kit import crypto, db, tasks
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM, By, publish
from app.kit.ids import new_id
from app.orders import queries as orders

LAPSE = "gifting.lapse"
GIFT = Gift.__table__.c
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Wrapping:
    """What is given of an order, out of which hand (None: its buyer's), and what its receiver reads."""

    order_id: UUID
    entitlement_id: UUID
    from_id: UUID | None
    giver: str
    receiver: str
    message: str
    lang: str
    by_word: bool = False
    opens_at: datetime | None = None


def wrap(what: Wrapping, *, now: datetime, by: By) -> Gift:
    """Give something to a person, and return the gift whose link leads there; its giver sees it no more from now on.

    Whoever calls has proved to own it. Raises GiftsOff, SeenBefore, NotInHand, BadOpening in Invalid.
    """
    giving = queries.giving()
    if giving is Giving.NOTHING or orders.get(what.order_id).company_id is not None:
        raise GiftsOff
    if what.opens_at is not None and not now < what.opens_at <= now + LONGEST_WAIT:
        raise Invalid({"opens_on": BadOpening(LONGEST_WAIT // DAY)})
    number, unseen = new_id(), giving is Giving.UNSEEN
    owned = entitled.list_by_id([what.entitlement_id]).get(what.entitlement_id)
    if owned is None or owned.order_id != what.order_id:
        raise NotFound
    if unseen and owned.reveals:
        raise SeenBefore
    seen_at = entitlements.hand(owned.id, giver_id=what.from_id, holder_id=number, unseen=unseen)
    crypto.fingerprint_key(WORDS)  # made now, so that a page that only reads finds it
    gift = _gift(number, what, seen_at, now)
    db.session().add(gift)
    db.session().flush()
    tasks.wake(LAPSE, gift.expires_at, gift.id)
    seen = seen_at is not None
    publish(
        GiftMade(subject_id=gift.id, order_id=gift.order_id, entitlement_id=owned.id, seen=seen, at=now, by=by),
    )
    return gift


def take_back(gift_id: UUID, *, now: datetime, by: By) -> None:
    """Let a gift be its giver's again; its link ends at once. Raises GiftEnded once somebody has claimed it."""
    if not _return(gift_id, GiftState.WAITING, "taken back", now, by):
        raise GiftEnded


def give_back(gift_id: UUID, *, now: datetime, by: By) -> None:
    """Let a gift be its giver's again that was claimed and never looked at, say by a machine that presses buttons.

    It is for people of the shop. Raises GiftEnded for one whose code was seen, was given on, or is back already.
    """
    gift = queries.get_gift(gift_id, now=now).gift
    if gift.opened_at is not None or not _return(gift_id, GiftState.CLAIMED, "by the shop", now, by):
        raise GiftEnded


def lapse(gift_id: UUID, *, now: datetime) -> None:
    """Let a gift be its giver's again that nobody claimed in time; safe to run twice."""
    _return(gift_id, GiftState.WAITING, "lapsed", now, SYSTEM)


def set_giving(giving: Giving, *, now: datetime, by: By) -> None:
    """Decide what buyers of the shop may give on from now on; what was given stays given."""
    if giving is queries.giving():
        return
    put = db.insert_or(GiftRule).values(merchant_id=db.merchant_id(), giving=giving)
    db.session().execute(put.on_conflict_do_update(index_elements=["merchant_id"], set_={"giving": giving}))
    publish(GiftRuleChanged(subject_id=UUID(int=db.merchant_id()), giving=giving.name.lower(), at=now, by=by))


def _return(gift_id: UUID, state: GiftState, why: str, now: datetime, by: By) -> bool:
    """Return a gift in this state to its giver; tells whether it did. What went with its order's money stays gone."""
    open_shut = (GIFT.opened_at.is_(None),) if state is GiftState.CLAIMED else ()
    mine = (GIFT.merchant_id == db.merchant_id(), GIFT.id == gift_id, GIFT.state == state, *open_shut)
    ending = update(Gift.__table__).where(*mine).values(state=GiftState.RETURNED, ended_at=now, device_id=None)  # type: ignore[arg-type]
    row = db.session().execute(ending.returning(GIFT.entitlement_id, GIFT.order_id, GIFT.from_id)).first()
    if row is None:
        return False
    try:
        entitlements.hand(row.entitlement_id, giver_id=gift_id, holder_id=row.from_id)
    except NotInHand:
        if state is GiftState.CLAIMED:
            raise GiftEnded from None  # it was used, or given on
    told = {"subject_id": gift_id, "order_id": row.order_id, "entitlement_id": row.entitlement_id}
    publish(GiftReturned(**told, why=why, at=now, by=by))
    return True


def _gift(number: UUID, what: Wrapping, seen_at: datetime | None, now: datetime) -> Gift:
    return Gift(
        merchant_id=db.merchant_id(),
        id=number,
        order_id=what.order_id,
        entitlement_id=what.entitlement_id,
        from_id=what.from_id,
        state=GiftState.WAITING,
        giver=" ".join(what.giver.split())[:LONGEST_NAME],
        receiver=" ".join(what.receiver.split())[:LONGEST_NAME],
        message=what.message.strip()[:LONGEST_MESSAGE],
        by_word=what.by_word,
        seen_at=seen_at,
        made_at=now,
        opens_at=what.opens_at,
        expires_at=(what.opens_at or now) + GIFT_LIFE,
        contact_mask="",
        lang=what.lang,
    )
