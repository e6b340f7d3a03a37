"""A shop whose letters go to a mail server of the test."""

from collections.abc import Iterator

import pytest

from app.web.dispatch import Miaofa
from tests import smtp
from tests.conftest import NewDatabase, installed
from tests.payments.market import market as market
from tests.smtp import MailServer


@pytest.fixture(scope="package")
def apps(tmp_path_factory: pytest.TempPathFactory, migrated_database: NewDatabase) -> Iterator[dict[str, Miaofa]]:
    """Installations of our own: who does all that is due finds nothing that tests of other folders left."""
    with installed(tmp_path_factory, migrated_database) as apps:
        yield apps


@pytest.fixture
def server() -> Iterator[MailServer]:
    """The mail server, and every letter of this test goes there."""
    with smtp.listening() as server:
        yield server
