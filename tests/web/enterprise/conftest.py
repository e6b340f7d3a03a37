"""A company that buys at a shop, seen through its pages."""

from tests.companies.firm import firm as firm
