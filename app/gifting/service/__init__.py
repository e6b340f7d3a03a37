"""What can be done in gifting, by family of verbs."""

from app.gifting.service.claiming import Admitted, open_claim, prove
from app.gifting.service.extracting import Wanted, again, extract, open_some
from app.gifting.service.giving import Plan, confirm, discard, draft
from app.gifting.service.keeping import MAIL, remind, revoke

__all__ = [
    "MAIL",
    "Admitted",
    "Plan",
    "Wanted",
    "again",
    "confirm",
    "discard",
    "draft",
    "extract",
    "open_claim",
    "open_some",
    "prove",
    "remind",
    "revoke",
]
