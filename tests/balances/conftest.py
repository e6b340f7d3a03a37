"""What tests of balances share."""

from tests.balances.person import dora as dora
from tests.payments.market import market as market
