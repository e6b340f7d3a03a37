"""A shop for many tests of stock: opening one for each costs more than what they look at."""

from dataclasses import replace

import pytest

from app.catalog.models import Kind
from app.web.dispatch import Miaofa
from tests.make import Shop, make_product, make_shop


@pytest.fixture(scope="module")
def opened() -> dict[str, Shop]:
    return {}


@pytest.fixture
def stall(app: Miaofa, engine: str, opened: dict[str, Shop]) -> Shop:
    """A shop that the tests of one file share, with a product of its own for each of them."""
    if engine not in opened:
        opened[engine] = make_shop(app)
    return replace(opened[engine], sku=make_product(opened[engine], kind=Kind.CODE))
