"""The failpoints of a sale are known by name, and nothing commits or calls out without one."""

import ast
from collections.abc import Iterator

from tests.architecture import read_house
from tests.torture.telling import tell
from tests.torture.world import ROOT, World

UNITS = "app/kit/db.py"
RELAY = "app.kit.events._relay_one"
LEASE, SETTLE = "app.kit.effects.runner.Runner.serve", "app.kit.effects.runner.Runner._settle"
WAYS_OUT = {"socket", "ssl", "http", "urllib.request", "ftplib", "smtplib", "telnetlib", "asyncio", "subprocess"}
WAYS_OUT |= {"requests", "httpx", "urllib3", "aiohttp", "redis", "rq"}
# Who may reach for the outside, and why its failing harms nobody or is guarded.
KNOWN = {
    ("app/kit/outbound.py", "socket"): "The connections of kit/http, which effects call between two failpoints.",
    ("app/kit/outbound.py", "ssl"): "Their TLS.",
    ("app/kit/http.py", "ssl"): "Whom it trusts.",
    ("app/kit/smtp.py", "smtplib"): "Letters, which effects send between two failpoints.",
    ("app/kit/smtp.py", "socket"): "The connections of letters.",
    ("app/kit/smtp.py", "ssl"): "Their TLS.",
    ("app/kit/bell.py", "redis"): "The doorbell: lost, it is rung by the sweeper.",
    ("app/kit/bell.py", "rq"): "The doorbell: lost, it is rung by the sweeper.",
    ("app/kit/sheets.py", "subprocess"): "Workbooks are read by a child of limited means; nothing is written by it.",
}


def committed(*doings: str) -> list[str]:
    return [f"commit.{when}:{doing}" for doing in doings for when in ("before", "after")]


def called(kind: str) -> list[str]:
    return [f"call.before:{kind}", f"call.after:{kind}"]


SALE = [
    *committed("app.web.shop.placing.place_all"),
    *committed("app.web.shop.checkout.begin", LEASE),
    *called("payment.start"),
    *committed(SETTLE, LEASE),  # and looks whether there is more
    *committed("app.web.hooks.notices.take_all"),
    *committed(RELAY, LEASE),
    *called("delivery.mail"),
    *committed(SETTLE, LEASE, RELAY),  # that the letter left is an event too
    *committed("app.web.shop.opening.open_codes"),
    *committed(RELAY),
]


def test_a_sale_has_these_steps_and_each_has_its_failpoints(world: World) -> None:
    assert tell(world, "sale").reached == SALE


def test_only_the_unit_of_work_commits_and_it_passes_two_failpoints() -> None:
    committing = {path: list(lines_that_call(tree, "commit")) for path, tree in sources()}
    assert [path for path, lines in committing.items() if lines] == [UNITS]

    text = [line.strip() for line in (ROOT / UNITS).read_text().splitlines()]
    doing = [
        place for place in committing[UNITS] if not text[place - 1].startswith("self.")
    ]  # a unit's own word for it
    assert len(doing) == 1
    before, _, after = text[doing[0] - 2 : doing[0] + 1]
    assert before.startswith('failpoint.reach("commit.before"')
    assert after.startswith('failpoint.reach("commit.after"')


def test_nothing_reaches_for_the_outside_but_what_is_known() -> None:
    found = {(path, name) for path, tree in sources() for name in imports(tree) if name in WAYS_OUT}

    assert found == KNOWN.keys()


def test_effects_call_and_query_at_one_place_between_failpoints() -> None:
    called_at = [path for path, tree in sources() for _ in lines_that_call(tree, "_reach")]

    assert called_at == ["app/kit/effects/runner.py"] * 2  # a query, a call


def sources() -> list[tuple[str, ast.Module]]:
    """Return the program, worker included, as trees by path."""
    return [(module.path, module.tree) for module in read_house() if module.path.startswith("app/")]


def lines_that_call(tree: ast.Module, name: str) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node.lineno


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a file imports, each also by the packages it lies in."""
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            parts = name.split(".")
            yield from {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
