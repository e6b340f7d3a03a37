"""Merchants for tests of the kit: an id is all they are made of."""

from collections.abc import Iterator

import pytest

from app.kit import effects, tasks
from app.kit.effects import Done
from app.kit.ids import new_merchant_id
from app.web.dispatch import Miaofa
from tests.conftest import NewDatabase, installed
from tests.kit import counting, outside
from tests.kit.counting import Counter
from tests.kit.outside import Office, later


@pytest.fixture(scope="package")
def apps(tmp_path_factory: pytest.TempPathFactory, migrated_database: NewDatabase) -> Iterator[dict[str, Miaofa]]:
    """Installations of our own: who does all that is due finds nothing that tests of other folders left."""
    with installed(tmp_path_factory, migrated_database) as apps:
        yield apps


@pytest.fixture
def merchant(app: Miaofa) -> int:
    """A merchant nobody has written for yet, on one engine."""
    return new_merchant_id()


@pytest.fixture
def stranger(app: Miaofa) -> int:
    """Another merchant of the same installation."""
    return new_merchant_id()


@pytest.fixture
def no_effects_left(app: Miaofa) -> None:
    """Other tests of this installation left their effects; they end here."""
    left = Office(knows=lambda _: Done())
    with outside.wired(left.kind()), later(days=2):
        effects.drain()


@pytest.fixture
def office(no_effects_left: None) -> Iterator[Office]:
    """An outside world that can be asked, and is the only one."""
    office = Office()
    with outside.wired(office.kind()):
        yield office


@pytest.fixture
def counter(app: Miaofa) -> Iterator[Counter]:
    """Long work of one kind, the only one; what other tests of this installation left is done."""
    with counting.wired(Counter().kind()), later(days=2):
        tasks.drain()
    counter = Counter()
    with counting.wired(counter.kind()):
        yield counter
