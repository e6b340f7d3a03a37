"""What can be done in redemption, by family of verbs."""

from app.redemption.rules import Rule
from app.redemption.service.asking import find_own, find_own_order
from app.redemption.service.bulks import confirm_bulk, redeem_slice, retry_bulk, stop_bulk
from app.redemption.service.drafting import MOST_ROWS, Asked, Draft, discard_abandoned, draft_bulk
from app.redemption.service.following import follow_replaced
from app.redemption.service.issuing import issue_after, issue_missing
from app.redemption.service.redeeming import Outcome, Redeemed, Use, Via, redeem, redeem_all, redeem_one
from app.redemption.service.reporting import Match, Matched, Told, differences, report
from app.redemption.service.ruling import close_location, drop_rule, open_location, set_rule
from app.redemption.service.undoing import roll_back

__all__ = [
    "MOST_ROWS",
    "Asked",
    "Draft",
    "Match",
    "Matched",
    "Outcome",
    "Redeemed",
    "Rule",
    "Told",
    "Use",
    "Via",
    "close_location",
    "confirm_bulk",
    "differences",
    "discard_abandoned",
    "draft_bulk",
    "drop_rule",
    "find_own",
    "find_own_order",
    "follow_replaced",
    "issue_after",
    "issue_missing",
    "open_location",
    "redeem",
    "redeem_all",
    "redeem_one",
    "redeem_slice",
    "report",
    "retry_bulk",
    "roll_back",
    "set_rule",
    "stop_bulk",
]
