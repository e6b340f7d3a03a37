"""A desk: a shop that redeems its card itself."""

import pytest

from tests.make import Shop
from tests.redemption.goods import Desk


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop)
