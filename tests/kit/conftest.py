"""Merchants for tests of the kit: an id is all they are made of."""

import pytest

from app.kit.ids import new_merchant_id
from app.web.dispatch import Miaofa


@pytest.fixture
def merchant(app: Miaofa) -> int:
    """A merchant nobody has written for yet, on one engine."""
    return new_merchant_id()


@pytest.fixture
def stranger(app: Miaofa) -> int:
    """Another merchant of the same installation."""
    return new_merchant_id()
