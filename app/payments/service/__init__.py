"""What can be done with payments, by family of verbs."""

from app.payments.service.balance import pay_from_balance
from app.payments.service.closing import ask, ask_again, cancel, settle_closed, settle_told
from app.payments.service.methods import CREDENTIALS, add_method
from app.payments.service.notices import (
    LONGEST_BODY,
    Arrived,
    acknowledgement,
    apply,
    apply_stored,
    store,
    too_large,
    verify,
)
from app.payments.service.paybacks import (
    dismiss,
    record_payback,
    retry_payback,
    send_back_misfit,
    send_back_payments,
    send_back_surplus,
)
from app.payments.service.starting import Begun, Pages, record_start, start

__all__ = [
    "CREDENTIALS",
    "LONGEST_BODY",
    "Arrived",
    "Begun",
    "Pages",
    "acknowledgement",
    "add_method",
    "apply",
    "apply_stored",
    "ask",
    "ask_again",
    "cancel",
    "dismiss",
    "pay_from_balance",
    "record_payback",
    "record_start",
    "retry_payback",
    "send_back_misfit",
    "send_back_payments",
    "send_back_surplus",
    "settle_closed",
    "settle_told",
    "start",
    "store",
    "too_large",
    "verify",
]
