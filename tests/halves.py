"""Which tests run on one engine alone on every change: those of which no engine decides how they end.

What is scarce (codes, money, balances, uses) is tried on both engines each time. A page or the words of a gateway are
tried on one of the two, by turns from test to test, so that each engine sees half of them; from DEPTH=10 on, both do.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import pytest

from tests.kit.depth import DEPTH

ENGINES = ("sqlite", "postgresql")
TESTS = Path(__file__).resolve().parent
ALIKE = (
    "web",
    "delivery",
    "finance",
    "commands",
    "migration",
    "gifting",
    "messages",
    "members",
    "catalog",
    "accounts",
    "browser",
    "payments/test_alipay",
    "payments/test_wechat",
    "payments/test_stripe",
    "payments/test_epay",
    "payments/test_fees",
    "payments/test_provider",
)


def chosen(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests that run at this depth, and those that do not."""
    seen = defaultdict(set)
    for item in items:
        seen[_name(item)].add(_engine(item))
    run: list[pytest.Item] = []
    rest: list[pytest.Item] = []
    for item in items:
        other = DEPTH == 1 and _is_alike(item) and len(seen[_name(item)]) == 2 and _turn(item) != _engine(item)
        (rest if other else run).append(item)
    return run, rest


def _is_alike(item: pytest.Item) -> bool:
    place = item.path.relative_to(TESTS).as_posix()
    return place.startswith(ALIKE) and item.get_closest_marker("both_engines") is None


def _turn(item: pytest.Item) -> str:
    return ENGINES[crc32(_name(item).encode()) % 2]


def _name(item: pytest.Item) -> str:
    """Return the name of a test without its engine's."""
    name = item.nodeid
    for engine in ENGINES:
        name = name.replace(f"[{engine}-", "[").replace(f"-{engine}", "").replace(f"[{engine}]", "")
    return name


def _engine(item: pytest.Item) -> str:
    call = getattr(item, "callspec", None)
    return str(call.params.get("engine", "")) if call else ""
