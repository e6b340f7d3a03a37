"""A shop in trade with its gateway, seen through its pages."""

from tests.payments.market import market as market
