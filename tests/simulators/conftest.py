"""A shop that waits for notices and a gateway that sends them."""

from collections.abc import Iterator

import pytest

from tests.simulators.till import Shop, Till, served


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def till(shop: Shop) -> Iterator[Till]:
    with served(shop) as till:
        yield till
