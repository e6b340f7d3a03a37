"""The gateways that take real money, each at its address or where this installation says it is."""

from collections.abc import Mapping

from app.payments.providers import alipay, stripe, wechat
from app.payments.providers.base import Provider
from app.payments.providers.epay import gateway as epay


def outside(addresses: Mapping[str, str]) -> dict[str, Provider]:
    """Return the gateways by name; `addresses` leads to a simulator instead, which makes any account there a test."""
    return {
        "alipay": alipay.Alipay(addresses.get("alipay", alipay.REAL)),
        "wechat": wechat.WeChat(addresses.get("wechat", wechat.REAL)),
        "stripe": stripe.Stripe(addresses.get("stripe", stripe.REAL)),
        "epay": epay.Epay(addresses.get("epay", epay.REAL)),
    }
