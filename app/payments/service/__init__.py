"""What can be done with payments, by family of verbs."""

from app.payments.service.asking import watch_on
from app.payments.service.balance import pay_by_exchange, pay_from_balance, pay_part_from_balance
from app.payments.service.closing import ask, ask_again, cancel, settle_closed, settle_told, settle_unpaid
from app.payments.service.heeding import ask_unconfirmed
from app.payments.service.inbox import Arrived, is_rush
from app.payments.service.methods import (
    CREDENTIALS,
    Terms,
    add_method,
    ask_test,
    change_account,
    change_terms,
    order_methods,
    record_test,
    switch_method,
)
from app.payments.service.notices import (
    LONGEST_BODY,
    apply,
    apply_stored,
    reply,
    store,
    tell_paid,
    too_large,
    verify,
)
from app.payments.service.origins import set_origins
from app.payments.service.paybacks import (
    dismiss,
    give_back_by_hand,
    record_payback,
    retry_payback,
    send_back_misfit,
    send_back_payments,
    send_back_surplus,
)
from app.payments.service.proofs import MEGABYTES as PROOF_MEGABYTES
from app.payments.service.proofs import Proof, read_proof
from app.payments.service.sorting import accept_short, match
from app.payments.service.starting import Begun, Pages, Place, record_start, start
from app.payments.service.transfers import (
    Sight,
    Word,
    confirm_transfer,
    reject_transfer,
    take_transfer_proof,
    tell_transfer,
)

__all__ = [
    "CREDENTIALS",
    "LONGEST_BODY",
    "PROOF_MEGABYTES",
    "Arrived",
    "Begun",
    "Pages",
    "Place",
    "Proof",
    "Sight",
    "Terms",
    "Word",
    "accept_short",
    "add_method",
    "apply",
    "apply_stored",
    "ask",
    "ask_again",
    "ask_test",
    "ask_unconfirmed",
    "cancel",
    "change_account",
    "change_terms",
    "confirm_transfer",
    "dismiss",
    "give_back_by_hand",
    "is_rush",
    "match",
    "order_methods",
    "pay_by_exchange",
    "pay_from_balance",
    "pay_part_from_balance",
    "read_proof",
    "record_payback",
    "record_start",
    "record_test",
    "reject_transfer",
    "reply",
    "retry_payback",
    "send_back_misfit",
    "send_back_payments",
    "send_back_surplus",
    "set_origins",
    "settle_closed",
    "settle_told",
    "settle_unpaid",
    "start",
    "store",
    "switch_method",
    "take_transfer_proof",
    "tell_paid",
    "tell_transfer",
    "too_large",
    "verify",
    "watch_on",
]
