"""What can be done in gifting, by family of verbs."""

from app.gifting.service.accepting import GIFT_MAIL, Taking, accept, open_gift, prove_gift
from app.gifting.service.campaigning import Coming, claim, launch, note_refused, steer, top_up
from app.gifting.service.campaigning import Plan as CampaignPlan
from app.gifting.service.claiming import Admitted, open_claim, prove
from app.gifting.service.extracting import Wanted, again, extract, open_some
from app.gifting.service.giving import Plan, confirm, discard, draft
from app.gifting.service.keeping import follow_failed, record_bounced, remind, revoke
from app.gifting.service.wrapping import LAPSE, Wrapping, give_back, lapse, set_giving, take_back, wrap

__all__ = [
    "GIFT_MAIL",
    "LAPSE",
    "Admitted",
    "CampaignPlan",
    "Coming",
    "Plan",
    "Taking",
    "Wanted",
    "Wrapping",
    "accept",
    "again",
    "claim",
    "confirm",
    "discard",
    "draft",
    "extract",
    "follow_failed",
    "give_back",
    "lapse",
    "launch",
    "note_refused",
    "open_claim",
    "open_gift",
    "open_some",
    "prove",
    "prove_gift",
    "record_bounced",
    "remind",
    "revoke",
    "set_giving",
    "steer",
    "take_back",
    "top_up",
    "wrap",
]
