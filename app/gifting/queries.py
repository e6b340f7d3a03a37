"""Questions about handouts: the list of them, a board of people, and what a claim's link leads to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from app.entitlements.queries import Entitlement, State
from app.gifting.campaign_lists import campaign_token as campaign_token
from app.gifting.campaign_lists import count_refused as count_refused
from app.gifting.campaign_lists import find_campaign as find_campaign
from app.gifting.campaign_lists import get_campaign as get_campaign
from app.gifting.campaign_lists import list_campaigns as list_campaigns
from app.gifting.campaign_lists import list_claimed as list_claimed
from app.gifting.campaign_lists import stands as stands
from app.gifting.claims import row_of
from app.gifting.claims import token_of as token_of
from app.gifting.claims import word_of as word_of
from app.gifting.gift_lists import GIFTS as GIFTS
from app.gifting.gift_lists import Given as Given
from app.gifting.gift_lists import count_gifts as count_gifts
from app.gifting.gift_lists import find_gift as find_gift
from app.gifting.gift_lists import get_gift as get_gift
from app.gifting.gift_lists import gift_token as gift_token
from app.gifting.gift_lists import given_away as given_away
from app.gifting.gift_lists import given_word as given_word
from app.gifting.gift_lists import giving as giving
from app.gifting.gift_lists import holder_word as holder_word
from app.gifting.gift_lists import list_given as list_given
from app.gifting.gift_lists import list_of_order as list_of_order
from app.gifting.gift_lists import list_received as list_received
from app.gifting.gift_lists import with_entitlements as with_entitlements
from app.gifting.models import ClaimCampaign as ClaimCampaign
from app.gifting.models import Extract as Extract
from app.gifting.models import ExtractRow
from app.gifting.models import Gift as Gift
from app.gifting.models import Giving as Giving
from app.gifting.models import Handout as Handout
from app.gifting.models import HandoutRow as HandoutRow
from app.gifting.models import HandoutState as HandoutState
from app.gifting.models import ProofKind as ProofKind
from app.gifting.rules import CLAIM_DAYS as CLAIM_DAYS
from app.gifting.rules import DAY, state_of
from app.gifting.rules import GIFT_DAYS as GIFT_DAYS
from app.gifting.rules import LONGEST_MESSAGE as LONGEST_MESSAGE
from app.gifting.rules import LONGEST_NAME as LONGEST_NAME
from app.gifting.rules import MOST_A_DAY as MOST_A_DAY
from app.gifting.rules import MOST_FILES as MOST_FILES
from app.gifting.rules import MOST_ROWS as MOST_ROWS
from app.gifting.rules import PROBLEMS as PROBLEMS
from app.gifting.rules import STATES as STATES
from app.gifting.rules import Person as Person
from app.gifting.rules import people_in as people_in
from app.gifting.rules import people_of as people_of
from app.kit import crypto, db
from app.kit.errors import NotFound
from app.kit.few import no_index
from app.kit.listing import Listing
from app.kit.secret import Secret
from app.redemption import queries as redemption

UNFIT = {"was_refunded", "not_delivered", "barred", "already_redeemed", "no_longer_valid"}
SOME = 500
CONTACTS = "handout"


def handouts_of(company_id: UUID) -> Listing:
    """Return the list of handouts of one company, newest first."""
    return Listing(query=lambda: select(Handout).where(Handout.company_id == company_id), keys=(Handout.id,))


def get(handout_id: UUID | None, *, company_id: UUID) -> Handout:
    """Return a handout of the company, or refuse with NotFound."""
    found = db.find(Handout, handout_id) if handout_id else None
    if found is None or found.company_id != company_id:
        raise NotFound
    return found


def _owned() -> ColumnElement[bool]:
    return and_(Entitlement.merchant_id == HandoutRow.merchant_id, Entitlement.id == HandoutRow.entitlement_id)


def _state() -> ColumnElement[str]:
    """Return what rules.state_of says, for the database."""
    return case(
        (or_(HandoutRow.revoked_at.is_not(None), Entitlement.state == State.REVOKED), "revoked"),
        (Entitlement.used > 0, "redeemed"),
        (HandoutRow.opened_at.is_not(None), "opened"),
        else_="new",
    )


def _in_state(query: Select[Any], said: str) -> Select[Any]:
    return query.where(_state() == said) if said in STATES else query


def rows_of(handout_id: UUID) -> Listing:
    """Return the people of a handout in the order of the list; of a draft, problems first."""
    found = select(HandoutRow).outerjoin(Entitlement, _owned()).where(HandoutRow.handout_id == handout_id)
    return Listing(
        query=lambda: found,
        keys=(HandoutRow.problem, HandoutRow.upwards),
        filters={
            "state": _in_state,
            "q": lambda query, said: query.where(
                HandoutRow.person.icontains(said, autoescape=True)
                | HandoutRow.reference.icontains(said, autoescape=True)
            ),
        },
    )


def count_states(handout_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Count the people of handouts by how their claims stand; all states are there."""
    mine = (HandoutRow.handout_id.in_(handout_ids), HandoutRow.entitlement_id.is_not(None))
    stands = _state().label("stands")
    query = select(HandoutRow.handout_id, stands, func.count()).outerjoin(Entitlement, _owned()).where(*mine)
    counted: dict[UUID, dict[str, int]] = {number: dict.fromkeys(STATES, 0) for number in handout_ids}
    for number, state, count in db.session().execute(query.group_by(HandoutRow.handout_id, "stands")):
        counted[number][state] = count
    return counted


def count_problems(handout_id: UUID) -> dict[str, int]:
    """Count the rows of a draft by what is wrong with them; "" is nothing."""
    query = select(HandoutRow.problem, func.count()).where(HandoutRow.handout_id == handout_id)
    return dict(db.session().execute(query.group_by(HandoutRow.problem)).all())


def count_ready(handout: Handout, *, now: datetime) -> int:
    """Count the people of a draft who can be given something just now; the batch may have been used meanwhile."""
    return len(list_free(handout.order_id, now=now, limit=handout.ready)) if handout.ready else 0


def address_of(row: HandoutRow, key_id: UUID, column: str) -> Secret:
    """Return an address of somebody, `contact` or `chat`, sealed under the key of the hand-out; for telling them."""
    sealed = row.contact_sealed if column == "contact" else row.chat_sealed
    return crypto.unseal(crypto.Sealed("handout_row", column, row.merchant_id, row.id, key_id, sealed or b""), CONTACTS)


def states(rows: Iterable[HandoutRow]) -> dict[UUID, str]:
    """Return how the claims of these rows stand."""
    known = list(rows)
    owned = _entitlements(row.entitlement_id for row in known if row.entitlement_id)
    return {row.id: _stands(row, owned.get(row.entitlement_id) if row.entitlement_id else None) for row in known}


def _stands(row: HandoutRow, owned: Entitlement | None) -> str:
    gone = row.revoked_at is not None or (owned is not None and owned.state is State.REVOKED)
    return state_of(revoked=gone, used=owned.used if owned else 0, opened=row.opened_at is not None)


def _entitlements(ids: Iterable[UUID]) -> Mapping[UUID, Entitlement]:
    found = db.session().scalars(select(Entitlement).where(Entitlement.id.in_(list(ids))))
    return {each.id: each for each in found}


def count_given(order_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Count what of each of these batches lies in somebody's hand or was taken in clear, and was not used yet."""
    given, taken = _count_handed(order_ids), _count_taken(order_ids)
    return {number: given.get(number, 0) + taken.get(number, 0) for number in order_ids}


def _count_taken(order_ids: Sequence[UUID]) -> dict[UUID, int]:
    same = and_(Entitlement.merchant_id == ExtractRow.merchant_id, Entitlement.id == ExtractRow.entitlement_id)
    held = (Entitlement.order_id.in_(list(order_ids)), Entitlement.state == State.READY, Entitlement.used == 0)
    query = select(Entitlement.order_id, func.count()).join(ExtractRow, same).where(*held)
    return dict(db.session().execute(query.group_by(Entitlement.order_id)).all())


def _count_handed(order_ids: Sequence[UUID]) -> dict[UUID, int]:
    mine = select(Handout.order_id, func.count()).join(
        HandoutRow, and_(HandoutRow.merchant_id == Handout.merchant_id, HandoutRow.handout_id == Handout.id)
    )
    held = (HandoutRow.revoked_at.is_(None), Entitlement.state == State.READY, Entitlement.used == 0)
    query = mine.join(Entitlement, _owned()).where(Handout.order_id.in_(list(order_ids)), *held)
    return dict(db.session().execute(query.group_by(Handout.order_id)).all())


def list_free(order_id: UUID, *, now: datetime, limit: int = MOST_ROWS) -> list[UUID]:
    """List what of a batch is in nobody's hand and can still be used, in the order of the batch."""
    given = select(HandoutRow.entitlement_id).where(
        HandoutRow.entitlement_id == Entitlement.id, HandoutRow.revoked_at.is_(None)
    )
    taken = select(ExtractRow.entitlement_id).where(ExtractRow.entitlement_id == Entitlement.id)
    fresh = (Entitlement.state == State.READY, Entitlement.used == 0, ~given.exists(), ~taken.exists())
    query = select(Entitlement.id).where(Entitlement.order_id == order_id, *fresh)
    ids = list(db.session().scalars(query.order_by(Entitlement.part_id, Entitlement.slot)))
    found: list[UUID] = []
    for at in range(0, len(ids), SOME):
        verdicts = redemption.validate(ids[at : at + SOME], now=now)
        found += [number for number, each in zip(ids[at:], verdicts, strict=False) if each.reason not in UNFIT]
        if len(found) >= limit:
            break
    return found[:limit]


def count_free(order_id: UUID, *, now: datetime) -> int:
    """Count what `list_free` lists."""
    return len(list_free(order_id, now=now))


def get_extract(extract_id: UUID | None, *, company_id: UUID) -> Extract:
    """Return an extract of the company, or refuse with NotFound."""
    found = db.find(Extract, extract_id) if extract_id else None
    if found is None or found.company_id != company_id:
        raise NotFound
    return found


def list_extracts(order_id: UUID) -> Sequence[Extract]:
    """List what was taken of a batch in clear, newest first."""
    mine = select(Extract).where(Extract.order_id == order_id)
    return db.session().scalars(mine.order_by(no_index(Extract.id).desc())).all()


def left_today(company_id: UUID, *, now: datetime) -> int:
    """Return how many codes a company may still take in clear; each file counts its codes for 24 hours."""
    lately = (Extract.company_id == company_id, Extract.last_at > now - DAY)
    taken = db.session().scalar(select(func.sum(Extract.count * Extract.times)).where(*lately))
    return max(0, MOST_A_DAY - int(taken or 0))


@dataclass(frozen=True)
class Claim:
    """What a claim's link leads to."""

    row: HandoutRow
    handout: Handout
    entitlement: Entitlement
    state: str


def find_claim(token: str, *, now: datetime) -> Claim | None:
    """Return what a link leads to while it is good: not revoked, not refunded, in its time."""
    number = row_of(token)
    row = db.find(HandoutRow, number) if number else None
    if row is None or row.entitlement_id is None:
        return None
    handout = db.get(Handout, row.handout_id)
    owned = _entitlements([row.entitlement_id]).get(row.entitlement_id)
    if owned is None or _stands(row, owned) == "revoked" or handout.expires_at is None or handout.expires_at <= now:
        return None
    return Claim(row, handout, owned, _stands(row, owned))
