"""Reads the code as an architect would: who imports whom, who commits, who asks the time, what grew too long.

Each check looks at one module and yields (line, what) for every breach; `tests/test_architecture.py` says why each
rule stands and which exceptions are granted.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from app.map import AREAS

ROOT = Path(__file__).parent.parent
PROGRAMS = ("app", "deploy", "simulators", "bench", "tests")
FUNCTION_LINES, FILE_LINES, ROUTE_LINES = 30, 400, 15

Breach = tuple[int, str]


@dataclass(frozen=True)
class Module:
    """One file of Python; `house` names all modules, to tell a submodule from a name inside a module."""

    path: str
    source: str = field(repr=False)
    house: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def name(self) -> str:
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        return room(self.name)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    def imports(self) -> Iterator[Breach]:
        """Yield line and target of each import, of those inside functions too; a submodule is named in full."""
        for line, module, name in self.taken():
            whole = f"{module}.{name}"
            yield line, whole if whole in self.house else module

    def taken(self) -> Iterator[tuple[int, str, str]]:
        """Yield line, module and name of everything that is imported."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, "." * node.level + (node.module or ""), alias.name) for alias in node.names)

    def strings(self) -> Iterator[Breach]:
        """Yield line and text of each string that is no docstring."""
        docs = {id(node.body[0].value) for node in ast.walk(self.tree) if has_docstring(node)}  # type: ignore[attr-defined]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield node.lineno, node.value

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def read_house() -> list[Module]:
    """Return every module of the project but the migrations, which write down the past and are not rewritten."""
    paths = [path for program in PROGRAMS for path in sorted((ROOT / program).rglob("*.py"))]
    paths += [ROOT / "wsgi.py", ROOT / "worker.py"]
    sources = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}
    house = frozenset(Module(path, "").name for path in sources)
    return [Module(path, source, house) for path, source in sources.items()]


def room(name: str) -> str:
    """Return where in the house a module stands: `kit`, an area, `web`, …; `app` itself is create_app."""
    head, _, rest = name.partition(".")
    return rest.partition(".")[0] if head == "app" and rest else head


# Who knows whom --------------------------------------------------------------------------------------------------

SPOKEN = {"service", "queries", "errors", "events"}
WIRED = {"effects", "tasks"}  # outside calls and long work, which create_app and the wiring hang up
SITE_MAP = "app.web.surfaces"
ABOVE = ("settings", "kit", *AREAS)
KNOWS: dict[str, tuple[str, ...]] = {
    "settings": (),
    "logs": (),
    "map": (),
    "kit": ("settings",),
    **{area: ("kit", *AREAS[:place]) for place, area in enumerate(AREAS)},
    "wiring": ("kit", *AREAS),
    "web": ABOVE,
    "commands": ABOVE,
    "app": (*ABOVE, "logs", "map", "wiring", "web", "commands"),
    "simulators": (),
}


def check_order(module: Module) -> Iterator[Breach]:
    """Yield imports against the order settings ← kit ← earlier areas ← wiring ← web ← create_app."""
    if module.name.startswith("app.") and module.room not in KNOWS:
        yield 1, f"{module.room} stands in no order"
    for line, target in set(module.imports()):
        strange = target.partition(".")[0] == "app" and room(target) != module.room
        if module.room in KNOWS and strange and room(target) not in KNOWS[module.room]:
            yield line, target
        if target.startswith("."):
            yield line, target


def check_speech(module: Module) -> Iterator[Breach]:
    """Yield imports of what an area keeps to itself: models, rules, providers, the inside of its service package."""
    for line, target in set(module.imports()):
        area, _, part = target.removeprefix("app.").partition(".")
        neighbour = target.startswith("app.") and area in AREAS and area != module.room
        wired = part in WIRED and module.name in {"app", "app.wiring"}
        if neighbour and part not in SPOKEN and not wired and module.name.startswith("app"):
            yield line, target


def check_surfaces(module: Module) -> Iterator[Breach]:
    """Yield imports of one surface by another, or by what all surfaces share; the site map knows all of them."""
    if not module.name.startswith("app") or module.name == SITE_MAP:
        return
    surfaces = surfaces_of(module.house)
    mine = {name for name in surfaces if f"{module.name}.".startswith(f"{name}.")}
    for line, target in set(module.imports()):
        if any(f"{target}.".startswith(f"{name}.") for name in surfaces - mine):
            yield line, target


@cache
def surfaces_of(house: frozenset[str]) -> frozenset[str]:
    """Return the packages in `web`."""
    return frozenset(found[0] for name in house if (found := re.match(r"app\.web\.\w+(?=\.)", name)))


HTTP = {"click", "flask", "jinja2", "markupsafe", "werkzeug", "wtforms"}
DOORS = {
    "PIL": "app/kit/pictures.py",
    "alembic": "app/kit/readiness.py",
    "argon2": "app/accounts/passwords.py",
    "charset_normalizer": "app/inventory/files.py",
    "certifi": "app/kit/http.py",
    "cryptography": "app/kit/crypto/",
    "flask_sqlalchemy": "app/kit/db.py",
    "h11": "app/kit/http.py",
    "itsdangerous": "app/kit/tokens.py",
    "pypinyin": "app/catalog/rules.py",
    "python_calamine": "app/kit/workbook_reader.py",
    "redis": "app/kit/bell.py",
    "rq": "app/kit/bell.py",
}


def check_outsiders(module: Module) -> Iterator[Breach]:
    """Yield libraries that are out of place: HTTP in kit and areas, and any that has one door elsewhere."""
    inner = module.room in {"kit", *AREAS}
    for line, target in set(module.imports()):
        library = target.partition(".")[0]
        if library in DOORS:
            astray = module.name.startswith("app") and not module.path.startswith(DOORS[library])
        else:
            astray = inner and (library in HTTP or library.startswith("flask_"))
        if astray:
            yield line, library


def check_hidden(module: Module) -> Iterator[Breach]:
    """Yield imports that no reader of imports can see."""
    if module.name.startswith("app"):
        yield from ((line, target) for line, target in module.imports() if target.startswith("importlib"))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id in {"__import__", "eval", "exec"}:
                yield node.lineno, node.id


# Units, time, reactions ------------------------------------------------------------------------------------------

COMMITS = {"begin", "begin_nested", "commit", "rollback"}
COMMITS_SQL = re.compile(
    r"\s*(begin|commit|rollback|start\s+transaction)(\s+(immediate|exclusive|deferred|transaction|work))?\s*;?\s*"
    r"|.*\b(savepoint)\b.*",
    re.IGNORECASE | re.DOTALL,
)
SQL_CLOCKS = "now clock_timestamp statement_timestamp transaction_timestamp timeofday".split()
SQL_WORDS = "current_timestamp current_time current_date localtimestamp localtime sysdate".split()
SQL_CLOCK = re.compile(rf"\b({'|'.join(SQL_CLOCKS)})\s*\(\s*\)|\b({'|'.join(SQL_WORDS)})\b|'now'", re.IGNORECASE)


def check_transactions(module: Module) -> Iterator[Breach]:
    """Yield every word that begins or ends a transaction, in Python and in SQL."""
    if module.room in {"deploy", "simulators", "bench", "tests"}:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in COMMITS:
            yield node.lineno, node.attr
        if isinstance(node, ast.Attribute) and node.attr == "session" and last_word(node.value) == "database":
            yield node.lineno, "database.session"
    for line, text in module.strings():
        if found := COMMITS_SQL.fullmatch(text):
            yield line, (found[1] or found[4]).lower()


def check_clocks(module: Module) -> Iterator[Breach]:
    """Yield every look at a clock that is not the application's, in Python and in SQL."""
    if module.room in {"deploy", "simulators", "bench", "tests"}:
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        asked = f"{last_word(node.value)}.{node.attr}"
        if re.fullmatch(r"(datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|gmtime|localtime)", asked):
            yield node.lineno, asked
        if last_word(node.value) == "func" and node.attr in {*SQL_CLOCKS, *SQL_WORDS}:
            yield node.lineno, asked
    yield from ((line, "time.time") for line, source, name in module.taken() if (source, name) == ("time", "time"))
    for line, text in module.strings():
        if found := SQL_CLOCK.search(text):
            yield line, (found[1] or found[2] or found[0]).lower()


def check_wiring(module: Module) -> Iterator[Breach]:
    """Yield every reaction outside the two tables of `app/wiring.py`, and everything else inside it."""
    if module.name == "app.wiring":
        yield from check_tables(module)
    elif module.name.startswith("app"):
        for node in ast.walk(module.tree):
            word = last_word(node)
            if word in {"NOW", "LATER", "wire"} and isinstance(node, ast.Name | ast.Attribute):
                yield node.lineno, word
            if word in {"listen", "listens_for"} and isinstance(node, ast.Attribute) and module.room != "kit":
                yield node.lineno, word


def check_tables(wiring: Module) -> Iterator[Breach]:
    for node in wiring.tree.body:
        table = isinstance(node, ast.AnnAssign) and last_word(node.target) in {"NOW", "LATER"}
        if not table and not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
            yield node.lineno, type(node).__name__


def last_word(node: ast.AST) -> str:
    """Return the last name of a dotted expression: `b` of `a.b`, and of `a.b()`."""
    if isinstance(node, ast.Call):
        return last_word(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


# What each kind of module may do ---------------------------------------------------------------------------------


def check_rules(module: Module) -> Iterator[Breach]:
    """Yield what makes the rules of an area impure: a session, a clock, a verb or a question."""
    if module.room in AREAS and module.name.endswith(".rules"):
        unwanted = ("sqlalchemy", "app.kit.db", "app.kit.clock", f"app.{module.room}.service", f"app.{module.room}.q")
        yield from ((line, target) for line, target in set(module.imports()) if target.startswith(unwanted))


WRITES = {"add", "add_all", "bulk_save_objects", "delete", "flush", "merge"}


def check_questions(module: Module) -> Iterator[Breach]:
    """Yield what writes in the queries of an area."""
    if module.room not in AREAS or not module.name.endswith(".queries"):
        return
    for line, _, name in module.taken():
        if name in {"insert", "update", "delete", "publish"}:
            yield line, name
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and last_word(node.value) == "session" and node.attr in WRITES:
            yield node.lineno, node.attr
        if isinstance(node, ast.Attribute) and last_word(node.value) == "db" and node.attr in {"changed", "write"}:
            yield node.lineno, node.attr


MONEY = ("app/kit/money.py", "app/ledger/", "app/finance/", "app/pricing/")


def check_money(module: Module) -> Iterator[Breach]:
    """Yield what could lose a cent where money is counted."""
    if not module.path.startswith(MONEY):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "/"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, repr(node.value)
        if isinstance(node, ast.Name) and node.id in {"float", "round"}:
            yield node.lineno, node.id
    yield from ((line, target) for line, target in module.imports() if target in {"decimal", "fractions", "math"})


# Sizes, docstrings, names ----------------------------------------------------------------------------------------


def check_sizes(module: Module) -> Iterator[Breach]:
    """Yield files, functions and routes that grew too long; of the tests, files alone."""
    lines = module.source.count("\n")
    if lines > FILE_LINES:
        yield lines, "the file"
    for node in module.functions() if module.room != "tests" else ():
        most = ROUTE_LINES if is_route(node) else FUNCTION_LINES
        if (node.end_lineno or 0) - node.lineno + 1 > most:
            yield node.lineno, node.name


def is_route(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Answer whether the function is hung up at an address: `@bp.get("/…")`."""
    called = (mark.func for mark in node.decorator_list if isinstance(mark, ast.Call))
    return any(isinstance(func, ast.Attribute) and last_word(func.value).endswith("bp") for func in called)


def check_docstrings(module: Module) -> Iterator[Breach]:
    """Yield modules that do not say what they are for, and verbs and questions without their sentence of promise."""
    if module.source.strip() and not has_docstring(module.tree):
        yield 1, "the module"
    if re.match(r"app\.\w+\.(service|queries)\b", module.name):
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                first = (ast.get_docstring(node) or "").partition("\n\n")[0]
                if not re.search(r"\w.*[.!?]$", first, re.DOTALL):
                    yield node.lineno, node.name


def has_docstring(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


EMPTY_WORDS = {"data", "handle", "handler", "helper", "helpers", "info", "manager", "misc", "process", "util", "utils"}


def check_names(module: Module) -> Iterator[Breach]:
    """Yield names that say nothing, of modules, classes, functions, arguments and variables of ours."""
    if not module.name.startswith("app"):
        return
    for line, name in [(1, module.name.rpartition(".")[2]), *names_made(module.tree)]:
        words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
        if words & EMPTY_WORDS:
            yield line, name


def names_made(tree: ast.Module) -> Iterator[Breach]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


CHECKS: dict[str, Callable[[Module], Iterator[Breach]]] = {
    "clock": check_clocks,
    "docstring": check_docstrings,
    "hidden-import": check_hidden,
    "library": check_outsiders,
    "money": check_money,
    "name": check_names,
    "order": check_order,
    "question": check_questions,
    "rule": check_rules,
    "size": check_sizes,
    "speech": check_speech,
    "surface": check_surfaces,
    "transaction": check_transactions,
    "wiring": check_wiring,
}
