"""A shop in trade with its gateway."""

from tests.payments.market import market as market
