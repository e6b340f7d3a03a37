"""Real engines for every test of scarce things: SQLite and PostgreSQL, side by side.

A test that asks for `shop` runs once on each engine, in a shop of its own; shops do not see each other, so a test
needs no empty database. Tests that do (`fresh`) get one.
"""

import gc
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import settings
from sqlalchemy import event, make_url

from app import create_app
from app.kit import crypto, db, tokens
from app.kit.effects import runner
from app.messages import providers as carriers
from app.messages.providers.outside import outside as outside_carriers
from app.payments import providers
from app.payments.providers.outside import outside
from app.settings import Settings
from app.web.dispatch import Miaofa
from tests import sql_guard
from tests.engines import Postgres
from tests.halves import ENGINES, chosen
from tests.make import GATEWAY, Shop, make_settings, make_shop

NewDatabase = Callable[[str, Path], tuple[str, str]]
FORGETFUL = "PRAGMA synchronous=OFF"  # as our PostgreSQL of tests; only a power cut could tell

settings.register_profile("house", deadline=None)  # a busy machine makes no example wrong
settings.load_profile("house")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the depth leaves out, after `-k` and `-m` have chosen."""
    items[:], rest = chosen(items)
    config.hook.pytest_deselected(items=rest)


def pytest_collection_finish() -> None:
    """Keep the application and thousands of tests out of every search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory, migrated_database: NewDatabase) -> Iterator[dict[str, Miaofa]]:
    """The application on each engine, shared by all tests that do not mind each other's shops."""
    with installed(tmp_path_factory, migrated_database) as apps:
        yield apps


@contextmanager
def installed(tmp_path_factory: pytest.TempPathFactory, migrated_database: NewDatabase) -> Iterator[dict[str, Miaofa]]:
    """The application on each engine, migrated, made when first asked for."""
    made: dict[str, Miaofa] = {}

    class Apps(dict[str, Miaofa]):
        def __missing__(self, engine: str) -> Miaofa:
            folder = tmp_path_factory.mktemp(engine)
            urls = migrated_database(engine, folder)
            self[engine] = made[engine] = watched(create_app(make_settings(folder, *urls)))
            return self[engine]

    yield Apps()
    for app in made.values():
        with app.app_context():
            db.engine().dispose()


def new_database(engine: str, folder: Path, request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return the URLs of a new empty database for the application and for its owner."""
    if engine == "sqlite":
        url = f"sqlite:///{folder / 'miaofa.db'}"
        return url, url
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.create_database(f"test_{secrets.token_hex(6)}")


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> NewDatabase:
    """Make databases that are migrated and empty: the migrations run once on each engine, then they are copied."""
    templates: dict[str, Settings] = {}

    def make(engine: str, folder: Path) -> tuple[str, str]:
        if engine not in templates:
            place = tmp_path_factory.mktemp("template")
            templates[engine] = make_settings(place, *new_database(engine, place, request))
            app = migrated(create_app(templates[engine]))
            with app.app_context():
                db.engine().dispose()
        template = make_url(templates[engine].database_url).database
        assert template
        if engine == "postgresql":
            cluster: Postgres = request.getfixturevalue("postgres")
            return cluster.create_database(f"test_{secrets.token_hex(6)}", template)
        urls = new_database(engine, folder, request)
        shutil.copyfile(template, str(make_url(urls[0]).database))
        return urls

    return make


class Outsider(FlaskClient):
    """A client that stands outside: the context a test has pushed must not lend its `g` to a request."""

    def open(self, *args: Any, **more: Any) -> Any:
        return Context().run(super().open, *args, **more)


def watched(app: Miaofa) -> Miaofa:
    """Return the application as tests use it: clients stand outside, SQL is watched, SQLite need not sync its files."""
    app.test_client_class = Outsider
    with app.app_context():
        sql_guard.watch(db.engine())
        if db.is_sqlite():
            event.listen(db.engine(), "connect", lambda connection, _: connection.execute(FORGETFUL).close())
    return app


def migrated(app: Miaofa) -> Miaofa:
    """Return the application as tests use it, its database brought up to date."""
    with watched(app).app_context():
        upgrade()
    return app


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(engine: str, apps: dict[str, Miaofa]) -> Iterator[Miaofa]:
    """The application on one engine, with its context pushed."""
    app = apps[engine]
    settings = app.config["MIAOFA"]
    # A process has one key ring and one set of gateways; another test may have left its own.
    crypto.configure(settings.master_keys)
    tokens.configure(settings.secret_keys)
    providers.configure({"test": GATEWAY} | outside(settings.gateways))
    carriers.configure(outside_carriers(settings.gateways))
    with app.app_context():
        yield app


@pytest.fixture
def shop(app: Miaofa) -> Shop:
    """A sandbox shop with one product in stock and the test payment, owned by Alice."""
    return make_shop(app)


@pytest.fixture
def other(app: Miaofa) -> Shop:
    """Another shop, owned by Charlie, of the same installation."""
    return make_shop(app)


@pytest.fixture
def fresh(engine: str, tmp_path: Path, migrated_database: NewDatabase) -> Iterator[Miaofa]:
    """An installation of its own, empty and migrated."""
    app = watched(create_app(make_settings(tmp_path, *migrated_database(engine, tmp_path))))
    with app.app_context():
        yield app
        db.engine().dispose()


@pytest.fixture(autouse=True)
def _open_doors() -> None:
    """No test finds a door shut that another one knocked at in vain."""
    runner._doors.open_all()
