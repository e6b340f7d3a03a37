"""What goes wrong at this gateway on demand, besides what can at any.

What it says is *short* of a cent, from another application (*other_app*) or seller (*other_seller*), about another
trade (*twisted*), or *forged*. It is *busy* (SYSTEM_ERROR, nothing done), finds the shop's clock wrong (*skewed*), the
product not signed (*unsigned*), or the seller's balance too low (*poor*); the line is *dropped* before anything was
done or *lost* after it.
"""

from collections.abc import Mapping, Sequence

from simulators.test_gateway import faults
from simulators.test_gateway.faults import ANSWERS, NOTICE
from simulators.test_gateway.notices import Notice, Posting

CALLS = ANSWERS | {"precreate", "bill"}
PLACES: faults.Places = {
    "late": NOTICE,
    "twice": NOTICE,
    "out_of_order": NOTICE,
    "silent": NOTICE,
    "other_app": NOTICE,
    "other_seller": NOTICE,
    "short": NOTICE | {"query"},
    "forged": NOTICE | CALLS,
    "twisted": CALLS,
    "busy": CALLS,
    "skewed": CALLS,
    "unsigned": CALLS,
    "poor": frozenset({"refund"}),
    "down": CALLS | {"pay"},
    "dropped": CALLS,
    "lost": CALLS,
    "slow": CALLS,
    "unreachable": frozenset({"door"}),
}


class Faults(faults.Faults):
    """What goes wrong now; safe to change while the gateway works."""

    places = PLACES

    def plan(self, notice: Notice) -> Sequence[Posting]:
        """Plan the postings of a notice with whatever goes wrong on its way."""
        if self.strike("silent", "notice"):
            return ()
        copies = 2 if self.strike("twice", "notice") else 1
        return [Posting(self._delay(), notice)] * copies

    def falsify(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Return what a notice says, maybe wrongly."""
        told = dict(fields)
        if self.strike("short", "notice"):
            told["total_amount"] = "0.01"
        if self.strike("other_app", "notice"):
            told["app_id"] = told["auth_app_id"] = "2014000000000000"
        if self.strike("other_seller", "notice"):
            told["seller_id"] = "2088999999999999"
        return told
