"""The faults of a WeChat Pay that is not well, beside those that every gateway has.

A notice may also be about *other_app* or *other_merchant*, *stale* (signed ten minutes ago), *missealed* (under another
APIv3 key), or come after a *probe* with a false signature. The gateway may be *busy* (429), *skewed* (its clock is ten
minutes ahead), *poor* (no money for refunds); a refund may end *abnormal* or *closed*, or never (*pending*).
"""

from collections.abc import Mapping

from simulators.test_gateway.faults import Faults

NOTICE = frozenset({"notice"})
QUESTIONS = frozenset({"query", "refund_query", "bill"})
CHANGES = frozenset({"start", "close", "refund"})
ANSWERS = QUESTIONS | CHANGES
PLACES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys("late twice out_of_order silent other_app other_merchant stale missealed probe".split(), NOTICE),
    "short": NOTICE | {"query"},
    "forged": NOTICE | ANSWERS,
    **dict.fromkeys("down busy lost slow skewed".split(), ANSWERS),
    **dict.fromkeys("poor abnormal closed pending".split(), frozenset({"refund"})),
    "unreachable": frozenset({"door"}),
}


class WeChatFaults(Faults):
    """What goes wrong now at this gateway."""

    places = PLACES

    def delay(self) -> float:
        """Return how many seconds a notice waits."""
        return self._delay()
