"""A company that buys at a shop."""

from tests.companies.firm import firm as firm
