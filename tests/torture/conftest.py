"""A world on each engine, in which one story is told after the other."""

from collections.abc import Iterator

import pytest

from tests.conftest import NewDatabase
from tests.halves import ENGINES
from tests.torture.world import World


@pytest.fixture(scope="session", params=ENGINES)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_database: NewDatabase
) -> Iterator[World]:
    """An installation whose processes may die, with its gateway."""
    folder = tmp_path_factory.mktemp("world")
    with World(folder, *migrated_database(request.param, folder)) as world:
        yield world
