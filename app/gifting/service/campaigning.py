"""Campaigning: the shop gives so many pieces to whoever comes by a link or a poster, within limits for each person."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from app.accounts.service import Browser
from app.catalog import queries as catalog
from app.gifting.claims import is_same
from app.gifting.errors import (
    AllClaimed,
    BadEnd,
    BadNumber,
    CampaignClosed,
    CampaignEarly,
    CampaignOver,
    CampaignPaused,
    CampaignRefused,
    CampaignSoldOut,
    ClaimedBefore,
    NetworkFull,
    NoSuchVariant,
    WrongWord,
)
from app.gifting.events import CampaignChanged, CampaignClaimed, CampaignCreated
from app.gifting.models import CampaignClaim, CampaignRefusal, CampaignState, ClaimCampaign
from app.gifting.queries import get_campaign, stands
from app.gifting.rules import LONGEST, LONGEST_MESSAGE, LONGEST_WORD, MOST_OF_CAMPAIGN
from app.gifting.service.claiming import check_word
from app.inventory.errors import OutOfStock
from app.kit import db
from app.kit.errors import Invalid, Refusal, Required
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order

STANDING: dict[str, type[CampaignRefused]] = {
    "early": CampaignEarly,
    "paused": CampaignPaused,
    "ended": CampaignOver,
    "used_up": AllClaimed,
}
MOVES = {  # what is done to a campaign: from which states, to which
    "paused": ((CampaignState.RUNNING,), CampaignState.PAUSED),
    "resumed": ((CampaignState.PAUSED,), CampaignState.RUNNING),
    "ended": ((CampaignState.RUNNING, CampaignState.PAUSED), CampaignState.ENDED),
}


@dataclass(frozen=True)
class Plan:
    """What a campaign gives, how much of it to whom, and when."""

    sku: str  # its code
    name: str
    message: str
    word: str
    cap: int
    per_person: int
    per_network: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Coming:
    """Who comes to a campaign, with what was typed; the same `idem` is the same form."""

    contact: str
    word: str
    lang: str
    idem: str
    device_id: UUID
    network: str = ""  # where from, if that tells one visitor from another


def launch(plan: Plan, *, now: datetime, by: By) -> UUID:
    """Make a campaign that runs from its beginning to its end. Raises Invalid with all that is wrong with the plan."""
    sku = catalog.find_sku(plan.sku) if plan.sku else None
    _check_plan(plan, now, has_sku=sku is not None)
    assert sku is not None
    campaign = ClaimCampaign(
        merchant_id=db.merchant_id(),
        id=new_id(),
        sku_id=sku.id,
        name=plan.name[:LONGEST],
        message=plan.message[:LONGEST_MESSAGE],
        word=plan.word[:LONGEST_WORD],
        cap=plan.cap,
        taken=0,
        per_person=plan.per_person,
        per_network=plan.per_network,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        state=CampaignState.RUNNING,
        created_at=now,
    )
    db.session().add(campaign)
    publish(CampaignCreated(subject_id=campaign.id, cap=plan.cap, at=now, by=by))
    return campaign.id


def _check_plan(plan: Plan, now: datetime, *, has_sku: bool) -> None:
    faults: dict[str, Refusal] = {}
    if not plan.name:
        faults["name"] = Required()
    if not has_sku:
        faults["sku"] = NoSuchVariant()
    numbers = {"cap": (plan.cap, 1), "per_person": (plan.per_person, 1), "per_network": (plan.per_network, 0)}
    for name, (number, least) in numbers.items():
        if not least <= number <= MOST_OF_CAMPAIGN:
            faults[name] = BadNumber(least, MOST_OF_CAMPAIGN)
    if plan.ends_at <= max(now, plan.starts_at):
        faults["ends_on"] = BadEnd()
    if faults:
        raise Invalid(faults)


def steer(campaign_id: UUID | None, what: str, *, now: datetime, by: By) -> None:
    """Pause, resume or end a campaign; one that stands so already stays. Raises CampaignClosed for one that ended."""
    campaign = get_campaign(campaign_id)
    before, after = MOVES[what]
    moving = update(ClaimCampaign).where(ClaimCampaign.id == campaign.id, ClaimCampaign.state.in_(before))
    if db.changed(moving.values(state=after)):
        publish(CampaignChanged(subject_id=campaign.id, what=what, cap=campaign.cap, at=now, by=by))
    elif campaign.state is CampaignState.ENDED and after is not CampaignState.ENDED:
        raise CampaignClosed


def top_up(campaign_id: UUID | None, more: int, *, now: datetime, by: By) -> None:
    """Let a campaign give so many more. Raises BadNumber in Invalid, CampaignClosed."""
    campaign = get_campaign(campaign_id)
    room = MOST_OF_CAMPAIGN - campaign.cap
    if not 1 <= more <= room:
        raise Invalid({"more": BadNumber(1, max(room, 1))})
    mine = (ClaimCampaign.id == campaign.id, ClaimCampaign.state != CampaignState.ENDED)
    if not db.changed(update(ClaimCampaign).where(*mine).values(cap=ClaimCampaign.cap + more)):
        raise CampaignClosed
    publish(CampaignChanged(subject_id=campaign.id, what="cap", cap=campaign.cap + more, at=now, by=by))


def claim(campaign_id: UUID, coming: Coming, *, browser: Browser, now: datetime, by: By) -> UUID | Refusal:
    """Give a piece of a campaign to who comes, as an order that costs nothing, and return that order.

    All of it or nothing, and the same form gives the same order again. Returns what to say when the word is wrong;
    raises CampaignRefused with the reason that `note_refused` counts, TooManyTries, and what placing raises.
    """
    campaign = get_campaign(campaign_id)
    fits = partial(is_same, coming.word, campaign.word)
    if campaign.word and (refused := check_word(campaign.id, browser, fits, WrongWord, now=now)):
        return refused
    db.session().refresh(campaign, with_for_update=True)  # from here on claimers take turns
    idem = hashlib.sha256(f"{coming.device_id}:{coming.idem}".encode()).digest()
    same = (CampaignClaim.campaign_id == campaign.id, CampaignClaim.idem == idem)
    if found := db.session().scalar(select(CampaignClaim.order_id).where(*same)):
        return found
    row = {"campaign_id": campaign.id, "idem": idem, "at": now} | _turns(campaign, coming, now)
    order = _order(campaign, coming, idem, now, by)
    _count(campaign, now)
    db.session().add(CampaignClaim(order_id=order.id, **row))
    publish(CampaignClaimed(subject_id=campaign.id, order_id=order.id, campaign=campaign.name, at=now, by=by))
    return order.id


def note_refused(campaign_id: UUID, reason: str) -> None:
    """Count one who came and was given nothing, in a unit of its own: the one that refused leaves nothing."""
    row = {"merchant_id": db.merchant_id(), "campaign_id": campaign_id, "reason": reason, "count": 1}
    put = db.insert_or(CampaignRefusal).values(row)
    more = {"count": CampaignRefusal.count + 1}
    db.session().execute(put.on_conflict_do_update(index_elements=["merchant_id", "campaign_id", "reason"], set_=more))


def _turns(campaign: ClaimCampaign, coming: Coming, now: datetime) -> dict[str, Any]:
    """Return who comes, and the how-manieth piece this is of that contact and browser; refuses with CampaignRefused."""
    if refusal := STANDING.get(stands(campaign, now=now)):
        raise refusal
    who = {"contact_index": orders.contact_index(coming.contact), "device_id": coming.device_id}
    had = {name: _count_of(campaign, CampaignClaim.__table__.c[name] == value) for name, value in who.items()}
    if max(had.values()) >= campaign.per_person:
        raise ClaimedBefore(campaign.per_person)
    if campaign.per_network and coming.network and _count_of_network(campaign, coming) >= campaign.per_network:
        raise NetworkFull
    return who | {"of_contact": had["contact_index"] + 1, "of_device": had["device_id"] + 1}


def _count_of(campaign: ClaimCampaign, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(CampaignClaim)
    return db.session().scalar(query.where(CampaignClaim.campaign_id == campaign.id, condition)) or 0


def _count_of_network(campaign: ClaimCampaign, coming: Coming) -> int:
    """Count the pieces that went to a network; its orders know theirs as long as any order does."""
    same = (Order.merchant_id == CampaignClaim.merchant_id) & (Order.id == CampaignClaim.order_id)
    query = select(func.count()).select_from(CampaignClaim).join(Order, same)
    mine = (CampaignClaim.campaign_id == campaign.id, Order.network_index == orders.network_index(coming.network))
    return db.session().scalar(query.where(*mine)) or 0


def _order(campaign: ClaimCampaign, coming: Coming, idem: bytes, now: datetime, by: By) -> Order:
    """Place the order of one piece, or refuse with CampaignSoldOut; who gets it is told as of any order."""
    sku = catalog.list_skus_by_id([campaign.sku_id])[campaign.sku_id]
    basket = ordering.Basket(((sku.code, 1),), coming.contact, coming.lang, f"campaign:{campaign.id}:{idem.hex()}")
    wish = ordering.Wish(basket, coming.device_id, by, network=coming.network)
    try:
        return ordering.give_away(wish, now=now, by=by)
    except OutOfStock:
        raise CampaignSoldOut from None
    except Invalid as refusal:
        raise CampaignSoldOut if "sku" in refusal.fields else refusal from None


def _count(campaign: ClaimCampaign, now: datetime) -> None:
    """Take one of what a campaign has to give: the statement is what keeps to the cap, the turn above only speeds."""
    mine = (ClaimCampaign.id == campaign.id, ClaimCampaign.taken < ClaimCampaign.cap)
    open_now = (ClaimCampaign.state == CampaignState.RUNNING, ClaimCampaign.ends_at > now)
    if not db.changed(update(ClaimCampaign).where(*mine, *open_now).values(taken=ClaimCampaign.taken + 1)):
        raise AllClaimed
