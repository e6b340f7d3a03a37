"""A shop in trade with its gateway."""

from tests.payments.market import market as market
from tests.payments.wechat import office as office
from tests.payments.wechat import paid as paid
from tests.payments.wechat import talk as talk
from tests.payments.wechat_counter import counter as counter
