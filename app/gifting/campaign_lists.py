"""Questions about claim campaigns: how they stand, and what became of those who came."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.gifting import claims
from app.gifting.models import CampaignClaim, CampaignRefusal, ClaimCampaign
from app.gifting.rules import campaign_stands
from app.kit import db

MOST_CAMPAIGNS = 200


def list_campaigns() -> Sequence[ClaimCampaign]:
    """List the campaigns of the shop, the newest first."""
    query = select(ClaimCampaign).order_by(ClaimCampaign.id.desc()).limit(MOST_CAMPAIGNS)
    return db.session().scalars(query).all()


def get_campaign(campaign_id: UUID | None) -> ClaimCampaign:
    """Return a campaign of the shop, or refuse with NotFound."""
    return db.get(ClaimCampaign, campaign_id)


def campaign_token(campaign_id: UUID) -> str:
    """Return the token of a campaign's link."""
    return claims.token_of(campaign_id, claims.CAMPAIGN)


def find_campaign(token: str) -> ClaimCampaign | None:
    """Return the campaign that a link or a poster leads to, if we made it."""
    number = claims.row_of(token, claims.CAMPAIGN)
    return db.find(ClaimCampaign, number) if number else None


def stands(campaign: ClaimCampaign, *, now: datetime) -> str:
    """Return how a campaign stands: early, running, paused, used_up or ended."""
    when = {"starts_at": campaign.starts_at, "ends_at": campaign.ends_at}
    return campaign_stands(campaign.state, left=campaign.left, now=now, **when)


def count_refused(campaign_id: UUID) -> dict[str, int]:
    """Count who came to a campaign and was given nothing, by why."""
    query = select(CampaignRefusal.reason, CampaignRefusal.count).where(CampaignRefusal.campaign_id == campaign_id)
    return dict(db.session().execute(query.order_by(CampaignRefusal.count.desc())).all())


def list_claimed(campaign_id: UUID, *, limit: int = 20) -> Sequence[CampaignClaim]:
    """List the latest claims of a campaign."""
    query = select(CampaignClaim).where(CampaignClaim.campaign_id == campaign_id)
    return db.session().scalars(query.order_by(CampaignClaim.order_id.desc()).limit(limit)).all()
