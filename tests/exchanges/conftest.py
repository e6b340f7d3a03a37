"""A shop in trade with its gateway, so that the books can be held against what lies there."""

from tests.balances.person import dora as dora
from tests.payments.market import market as market
