"""What can be done with exchanges, by family of verbs."""

from app.exchanges.service.asking import Wish, ask
from app.exchanges.service.following import end_lost, release, settle
from app.exchanges.service.ruling import RuleDraft, make_rule, switch_rule

__all__ = ["RuleDraft", "Wish", "ask", "end_lost", "make_rule", "release", "settle", "switch_rule"]
