"""Books on each engine."""

import pytest

from app.kit.ids import new_merchant_id
from app.web.dispatch import Miaofa
from tests.ledger.books import Books, owner_url
from tests.make import Shop


@pytest.fixture
def books(app: Miaofa, request: pytest.FixtureRequest) -> Books:
    """The empty books of a merchant of its own."""
    return Books(new_merchant_id(), owner_url(app, request))


@pytest.fixture
def shops_books(shop: Shop, request: pytest.FixtureRequest) -> Books:
    """The books of `shop`."""
    return Books(shop.merchant_id, owner_url(shop.app, request))
