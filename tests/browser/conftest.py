"""A whole installation on each engine, and what a browser complained about."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import new_database
from tests.installation import Installation


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    urls = None if request.param == "sqlite" else new_database("postgresql", tmp_path, request)
    with Installation(tmp_path, urls=urls) as installation:
        yield installation


@pytest.fixture
def complaints() -> list[str]:
    return []
