"""What can be done with entitlements, by family of verbs."""

from app.entitlements.service.chores import finish_chore, leave_chore, take_chore
from app.entitlements.service.closing import OPEN, open_early
from app.entitlements.service.granting import grant, grant_missing, release
from app.entitlements.service.handing import hand, keep_in_hand
from app.entitlements.service.replacing import replace
from app.entitlements.service.revealing import MOST_REVEALS, Opening, Proof, reveal
from app.entitlements.service.revoking import Revoking, TakenBack, let_go, revoke
from app.entitlements.service.serving import (
    RELEASE,
    catch_up,
    open_due,
    serve,
    serve_promised,
    serve_released,
    serve_stocked,
    wake_at_release,
)
from app.entitlements.service.using import Used, mark_used

__all__ = [
    "MOST_REVEALS",
    "OPEN",
    "RELEASE",
    "Opening",
    "Proof",
    "Revoking",
    "TakenBack",
    "Used",
    "catch_up",
    "finish_chore",
    "grant",
    "grant_missing",
    "hand",
    "keep_in_hand",
    "leave_chore",
    "let_go",
    "mark_used",
    "open_due",
    "open_early",
    "release",
    "replace",
    "reveal",
    "revoke",
    "serve",
    "serve_promised",
    "serve_released",
    "serve_stocked",
    "take_chore",
    "wake_at_release",
]
