"""Alipay 支付宝: its page for computers and phones, or a QR code on ours; RSA2 with keys or certificates.

A trade begins to exist there when the buyer has scanned, signed in or entered the cashier; before that Alipay knows
nothing of it (TRADE_NOT_EXIST), and a payment may come yet until the moment we wrote on it (time_expire).
"""

from app.payments.providers.alipay.gateway import REAL, Alipay

__all__ = ["REAL", "Alipay"]
