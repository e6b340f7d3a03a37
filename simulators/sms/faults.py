"""The faults of a service that is not well.

A receipt is *late*, comes *twice*, or not at all (*silent*), or says that nothing arrived (*failed*). The service is
*down* (503), *slow*, *throttled*, *poor* (no money left); the line is *dropped* before anything was done, or *lost*
after the message was taken.
"""

from collections.abc import Mapping

from simulators.test_gateway.faults import Faults

RECEIPT = frozenset({"receipt"})
CALLS = frozenset({"send", "query"})
PLACES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys("late twice silent failed".split(), RECEIPT),
    **dict.fromkeys("down slow throttled dropped lost".split(), CALLS),
    "poor": frozenset({"send"}),
    "unreachable": frozenset({"door"}),
}


class SmsFaults(Faults):
    """What goes wrong now at these services."""

    places = PLACES
