"""Words for what the database names by a key."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.kit.errors import words

PROVIDERS: Mapping[str, str] = {
    "balance": words("Balance"),
    "exchange": words("Exchanged piece"),
    "stripe": words("Card (Stripe)"),
    "test": words("Test payment"),
    "transfer": words("Bank transfer"),
}
REASONS: Mapping[str, str] = {
    "a value that shifts the borders of others": words("it holds what could be read as another field"),
    "another merchant": words("it is meant for another merchant"),
    "another mode": words("it mixes test and live"),
    "counted with what came later": words("it was counted together with what came later"),
    "disputed": words("the buyer's bank has taken the payment into dispute: answer it at the gateway"),
    "dispute won": words("the dispute about this payment ended for the shop: the money stays"),
    "dispute lost": words("the dispute about this payment ended for the buyer: the money is gone"),
    "dispute over": words("the dispute about this payment is over: look at the gateway how it ended"),
    "no signing secret": words("no signing secret is set for this way to pay"),
    "another way to pay": words("it names a way to pay that is not set"),
    "no amount": words("it holds no amount"),
    "no such tender": words("no payment of ours has this number"),
    "no machine gives a transfer back": words(
        "it came by bank transfer: send it back from your bank, then note it here"
    ),
    "no timestamp": words("it does not say when it was sent"),
    "no trade number": words("it holds no trade number"),
    "not a payment": words("it does not report a payment"),
    "not confirmed": words("the gateway, asked about it, knows of no such payment"),
    "not understood": words("it could not be read"),
    "refund failed": words("money that was given back came back to the gateway: give it back another way"),
    "other fields than a notice has": words("it has other fields than a notice has"),
    "paid another way": words("the buyer had chosen another way to pay since"),
    "tender was met before": words("this payment had arrived before"),
    "too large": words("it is too large to be read"),
    "too new": words("it is of a time to come: check this machine's clock"),
    "too old": words("it is too old"),
    "wrong amount": words("the amount is not what was due"),
    "wrong currency": words("the currency is not what was due"),
    "wrong signature": words("its signature is wrong"),
}


def said(table: Mapping[Any, str], key: Any) -> str:
    """Return the words for a key; one that is new here speaks for itself."""
    return str(gettext(table[key]) if key in table else key)
