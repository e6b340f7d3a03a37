"""The house stands as it was drawn: the order of its rooms, one place for commits and clocks, small pieces.

A rule may be disobeyed where that makes the better house: name rule, file and what was found in EXCEPTIONS, with the
reason. An exception that excuses nothing any more is a fault too.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy.orm import configure_mappers

from app.kit.tenancy import Base
from app.map import AREAS
from tests import lint_templates
from tests.architecture import CHECKS, KNOWS, ROOT, Module, read_house

RULES = {
    "clock": "Time comes from kit/clock.py, is aware, and is bound as a parameter: two clocks disagree, and a test can"
    " move only one.",
    "docstring": "A module says in its first line what it is for; a verb or question promises in one sentence.",
    "hidden-import": "An import that is made at run time hides an arrow of the picture; write it as an import.",
    "library": "Areas know no HTTP: pages, API and jobs call the same verbs. Some libraries have one door (DOORS in"
    " tests/architecture.py), so that swapping or auditing them means reading one file.",
    "money": "Money is whole minor units: a float or a division loses a cent. Split by largest remainder.",
    "name": "This word says nothing. Say what the thing is for the business.",
    "order": "settings ← kit ← earlier areas (app/map.py) ← wiring ← web ← create_app; commands stands beside web."
    " A later area learns by an event and app/wiring.py; sideways go ids, values and events.",
    "question": "Queries never write, so that db.read may run any of them. A verb belongs into service.py.",
    "rule": "Rules are pure: values in, a value out, no session, no clock, so that a table can test them.",
    "size": "Function 30 lines, route 15, file 400: split it by what it does. A route parses, calls one verb, answers.",
    "speech": "An area speaks through service, queries, errors and events. What others may say of its rows, its"
    " queries re-export by name (`from app.orders.models import Order as Order`).",
    "surface": "A surface is one access rule, one layout, one error face; what two of them share lies in app/web/.",
    "transaction": "Only kit/db.py begins and ends transactions: everything else runs inside db.read or db.write, so"
    " that it can be repeated and rolled back as a whole. No SAVEPOINT: ON CONFLICT DO NOTHING and a row count.",
    "wiring": "Who reacts to what stands in app/wiring.py alone, in two tables; create_app wires them.",
}
HOW = "To disobey, name (rule, file, what) in EXCEPTIONS of tests/test_architecture.py with your reason."

SQLALCHEMYS = "SQLAlchemy calls this method by its own name."
EXCEPTIONS: Mapping[tuple[str, str, str], str] = {
    ("clock", "app/kit/clock.py", "datetime.now"): "This is the clock.",
    ("clock", "app/kit/readiness.py", "clock_timestamp"): "Readiness compares the database's clock with ours.",
    ("clock", "app/kit/sqlite.py", "time.time_ns"): "The mark at the writers' queue is the time of a file, as the"
    " system tells it to all processes; no row holds it.",
    (
        "library",
        "app/kit/filling.py",
        "jinja2",
    ): "A merchant's own words are filled in its sandbox; that knows no HTTP.",
    ("name", "app/kit/columns.py", "process_bind_param"): SQLALCHEMYS,
    ("name", "app/kit/columns.py", "process_result_value"): SQLALCHEMYS,
    ("name", "app/kit/crypto/keys.py", "DataKey"): "Cryptography's word for the key that seals data.",
    ("name", "app/kit/events.py", "data"): "The design's column for the facts of an event, whatever they are.",
    ("name", "app/kit/ids.py", "process_bind_param"): SQLALCHEMYS,
    ("name", "app/kit/ids.py", "process_result_value"): SQLALCHEMYS,
    ("speech", "app/__init__.py", "app.messages.providers"): "create_app hands messages the carriers there are.",
    ("speech", "app/__init__.py", "app.messages.providers.outside"): "create_app tells these where they are.",
    ("speech", "app/__init__.py", "app.payments.providers"): "create_app hands payments the gateways there are.",
    ("speech", "app/__init__.py", "app.payments.providers.outside"): "create_app tells these where they are.",
    ("speech", "app/__init__.py", "app.payments.providers.test_gateway"): "create_app makes this gateway.",
    ("speech", "app/commands/demo/opening.py", "app.payments.providers.test_gateway"): "The demo asks it for its"
    " account's key; no real gateway would give one.",
    ("transaction", "app/kit/db.py", "commit"): "This is the place.",
    ("transaction", "app/kit/postgres.py", "begin"): "BEGIN says in the same round trip whose rows the unit sees.",
    ("transaction", "app/kit/sqlite.py", "begin"): "The driver's own BEGIN is off, since units need BEGIN IMMEDIATE.",
    ("wiring", "app/__init__.py", "LATER"): "create_app wires the tables.",
    ("wiring", "app/__init__.py", "NOW"): "create_app wires the tables.",
    ("wiring", "app/__init__.py", "wire"): "create_app wires the tables.",
}


@pytest.fixture(scope="module")
def house() -> list[Module]:
    return read_house()


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rule_of(rule: str, house: list[Module]) -> None:
    found = {(module.path, what): line for module in house for line, what in CHECKS[rule](module)}

    breaches = [f"{path}:{line} {what}" for (path, what), line in found.items() if (rule, path, what) not in EXCEPTIONS]
    assert not breaches, told(rule, breaches)
    idle = [name for name in EXCEPTIONS if name[0] == rule and name[1:] not in found]
    assert not idle, f"These exceptions excuse nothing any more, remove them: {idle}"


def test_every_rule_is_checked_and_every_check_has_its_reason() -> None:
    assert CHECKS.keys() == RULES.keys()


def test_every_area_of_the_map_is_there_and_every_package_has_its_place(house: list[Module]) -> None:
    packages = {module.room for module in house if re.fullmatch(r"app/\w+/__init__\.py", module.path)}

    assert packages == {*AREAS, "kit", "web", "commands"}, "A new area takes its place in AREAS of app/map.py."
    assert len(set(AREAS)) == len(AREAS)
    assert set(AREAS) <= KNOWS.keys()


def test_a_relation_is_loaded_on_purpose_and_stays_in_its_area() -> None:
    configure_mappers()
    relations = [relation for mapper in Base.registry.mappers for relation in mapper.relationships]

    assert relations
    lazy = [str(relation) for relation in relations if relation.lazy != "raise"]
    assert not lazy, f'relationship(lazy="raise"), else a template queries the database behind our back: {lazy}'
    far = [str(it) for it in relations if it.parent.class_.__module__ != it.mapper.class_.__module__]
    assert not far, f"A relation ties two areas together; join in queries, or pass ids: {far}"


def test_templates_stay_short() -> None:
    found = []
    for path in sorted(lint_templates.ROOT.rglob("*.*")):
        name = path.relative_to(lint_templates.ROOT).as_posix()
        if (name, "size") not in lint_templates.EXCEPTIONS:
            found += [str(finding) for finding in lint_templates.check_size(name, path.read_text("utf-8"))]

    assert not found, "\n".join([*found, "To disobey, name it in EXCEPTIONS of tests/lint_templates.py."])


# One letter stands in brackets, so that this page does not accuse itself.
STRANGE = re.compile(
    r"(?<![\w.])/(w[o]rk|r[o]ot|f[a]rm)\b(?!\.)|/h[o]me/\w|/tm[p]/\w"
    r"|pyp[i]\.org|pythonh[o]sted|registry\.np[m]|crates\.i[o]|pr[o]xy\.golang|index-ur[l]"
    r"|\bcl[a]ude\b|anthr[o]pic|\bc[o]pilot\b|bash_j[o]bs|\biss[u]es (show|list)\b",
    re.IGNORECASE,
)
WRITTEN = {"", ".cfg", ".css", ".html", ".js", ".md", ".py", ".svg", ".toml", ".txt", ".ini", ".mako", ".po"}


def test_the_project_names_no_machine_no_registry_and_no_tool_of_a_workplace() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} {match[0]}"
        for path in written_pages()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := STRANGE.search(line))
    ]

    assert not found, "Whoever clones this has another machine, registry and workplace:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "line", ["cd /w@ork/main", 'open("/ro@ot/x")', "/ho@me/anna/x", "/tm@p/x", "https://pyp@i.org/x", "by Cl@aude"]
)
def test_a_strange_name_is_seen(line: str) -> None:
    assert STRANGE.search(line.replace("@", ""))


def written_pages() -> Iterator[Path]:
    """Yield the text files of the project, but nothing that an installation or a tool left in its folder."""
    for top in sorted(ROOT.iterdir()):
        if top.name in {".ci", ".editorconfig", ".gitignore"} or (top.name[0] not in "._" and top.name != "instance"):
            for path in [top] if top.is_file() else sorted(top.rglob("*")):
                if path.is_file() and path.suffix in WRITTEN and "__pycache__" not in path.parts:
                    yield path


SLIPS = [
    ("order", "app/kit/x.py", "from app.orders import service"),
    ("order", "app/kit/x.py", "from app.web import guard"),
    ("order", "app/orders/x.py", "from app.payments import service"),
    ("order", "app/orders/x.py", "def f():\n    import app.payments.service"),
    ("order", "app/orders/x.py", "from app import wiring"),
    ("order", "app/orders/x.py", "from app.settings import Settings"),
    ("order", "app/wiring.py", "from app.web import guard"),
    ("order", "app/web/x.py", "from app import create_app"),
    ("order", "app/web/x.py", "from app import commands"),
    ("order", "app/web/x.py", "from app import wiring"),
    ("order", "app/commands/x.py", "from app.web import guard"),
    ("order", "app/settings.py", "from app.kit import db"),
    ("order", "app/gifts/__init__.py", ""),
    ("order", "simulators/x.py", "from app.payments import service"),
    ("speech", "app/payments/x.py", "from app.orders import models"),
    ("speech", "app/payments/x.py", "from app.orders.models import Order"),
    ("speech", "app/payments/x.py", "from app.orders.rules import status"),
    ("speech", "app/payments/x.py", "import app.orders"),
    ("speech", "app/orders/x.py", "from app.inventory.service import holds"),
    ("speech", "app/orders/x.py", "from app.inventory.service.holds import hold"),
    ("speech", "app/web/shop/x.py", "def f():\n    from app.orders.models import Order"),
    ("surface", "app/web/shop/x.py", "from app.web.office import bp"),
    ("surface", "app/web/forms.py", "from app.web import office"),
    ("surface", "app/__init__.py", "from app.web.shop import checkout"),
    ("library", "app/kit/x.py", "import flask"),
    ("library", "app/orders/x.py", "from werkzeug.exceptions import NotFound"),
    ("library", "app/orders/x.py", "def f():\n    from flask_login import current_user"),
    ("library", "app/kit/ids.py", "import flask_sqlalchemy"),
    ("library", "app/web/x.py", "from rq import Queue"),
    ("library", "app/orders/x.py", "from cryptography.fernet import Fernet"),
    ("hidden-import", "app/orders/x.py", "import importlib"),
    ("hidden-import", "app/orders/x.py", "x = __import__('app.payments')"),
    ("transaction", "app/orders/x.py", "db.session().commit()"),
    ("transaction", "app/orders/x.py", "with db.session().begin_nested():\n    pass"),
    ("transaction", "app/web/x.py", "undo = db.session().rollback"),
    ("transaction", "app/orders/x.py", "run(text('SAVEPOINT a'))"),
    ("transaction", "app/orders/x.py", "run(text('commit'))"),
    ("transaction", "app/orders/x.py", "db.database.session.add(row)"),
    ("transaction", "worker.py", "db.session().commit()"),
    ("clock", "app/orders/x.py", "at = datetime.now(UTC)"),
    ("clock", "app/orders/x.py", "at = datetime.datetime.utcnow()"),
    ("clock", "app/orders/x.py", "day = date.today()"),
    ("clock", "app/orders/x.py", "at = time.time()"),
    ("clock", "app/orders/x.py", "from time import time"),
    ("clock", "app/orders/x.py", "query = select(func.now())"),
    ("clock", "app/orders/x.py", "query = text('UPDATE x SET at = now()')"),
    ("clock", "app/orders/x.py", "query = f'{x} < CURRENT_TIMESTAMP'"),
    ("wiring", "app/orders/x.py", "NOW = {}"),
    ("wiring", "app/web/x.py", "wiring.NOW[OrderPaid] = (f,)"),
    ("wiring", "app/orders/x.py", "events.wire({}, {})"),
    ("wiring", "app/orders/x.py", "@event.listens_for(Order, 'after_insert')\ndef f(): ..."),
    ("wiring", "app/wiring.py", "def react(): ..."),
    ("rule", "app/orders/rules.py", "from app.kit import db"),
    ("rule", "app/orders/rules.py", "from app.kit.clock import now"),
    ("rule", "app/orders/rules.py", "from sqlalchemy import select"),
    ("rule", "app/orders/rules.py", "from app.orders import queries"),
    ("question", "app/orders/queries.py", "from sqlalchemy import select, update"),
    ("question", "app/orders/queries.py", "db.session().add(row)"),
    ("question", "app/orders/queries.py", "db.changed(statement)"),
    ("money", "app/kit/money.py", "half = total / 2"),
    ("money", "app/pricing/service.py", "total /= 2"),
    ("money", "app/finance/postings.py", "fee = float(total)"),
    ("money", "app/ledger/service.py", "fee = 0.006"),
    ("money", "app/ledger/service.py", "from decimal import Decimal"),
    ("size", "app/orders/x.py", "def f():\n" + "    x = 1\n" * 30),
    ("size", "app/web/shop/x.py", "@bp.get('/')\ndef f():\n" + "    x = 1\n" * 15),
    ("size", "tests/x.py", "x = 1\n" * 401),
    ("docstring", "app/orders/x.py", "x = 1"),
    ("docstring", "app/orders/service.py", '"""Doc."""\ndef place(): ...'),
    ("docstring", "app/inventory/service/holds.py", '"""Doc."""\ndef hold():\n    """no sentence"""'),
    ("name", "app/orders/helpers.py", ""),
    ("name", "app/orders/x.py", "class OrderManager: ..."),
    ("name", "app/orders/x.py", "def process_order(): ..."),
    ("name", "app/orders/x.py", "def f(order_info): ..."),
    ("name", "app/orders/x.py", "for data in rows: ..."),
]

FINE = [
    (
        "app/orders/service.py",
        "from app.inventory import events, queries, service\nfrom app.orders.models import Order",
    ),
    ("app/orders/service.py", "from app.inventory.service import hold\nfrom app.kit import clock, db"),
    ("app/web/shop/x.py", "from app.orders import errors\nfrom app.web import forms\nfrom app.web.shop import bp"),
    ("app/web/surfaces.py", "from app.web.office import bp as office\nfrom app.web.shop import bp"),
    ("app/wiring.py", "from app.orders import service\nNOW: dict = {}\nLATER: dict = {}"),
    ("app/kit/db.py", "from flask_sqlalchemy import SQLAlchemy"),
    ("app/orders/rules.py", "from app.orders.models import Order\ntext = 'nothing is begun now (yet)'"),
    ("app/orders/queries.py", "seen.add(1)\nat = clock.now()\ngone = time.monotonic()"),
    ("app/ledger/service.py", "whole, rest = divmod(total, 2)\nhalf = total // 2"),
    ("app/orders/x.py", "def f():\n" + "    x = 1\n" * 29),
]


@pytest.mark.parametrize(("rule", "path", "source"), SLIPS)
def test_a_slip_is_seen(rule: str, path: str, source: str, house: list[Module]) -> None:
    told = "" if rule == "docstring" else '"""It says what it is for."""\n'

    assert broken(path, told + source, house) == {rule}


@pytest.mark.parametrize(("path", "source"), FINE)
def test_what_keeps_the_rules_is_left_alone(path: str, source: str, house: list[Module]) -> None:
    assert broken(path, f'"""It says what it is for."""\n{source}', house) == set()


def broken(path: str, source: str, house: list[Module]) -> set[str]:
    """Return the rules that a module would break in the present house."""
    names = frozenset(module.name for module in house)
    return {rule for rule, check in CHECKS.items() if any(check(Module(path, source, names)))}


def told(rule: str, breaches: list[str]) -> str:
    return "\n".join([RULES[rule], *(f"  {breach}" for breach in sorted(breaches)), HOW])
