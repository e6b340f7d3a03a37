"""Fees in words: what buyers bore of them, what gateways keep."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext, ngettext

from app.kit.errors import words
from app.kit.money import Money
from app.web.language import money

FEE_ACCOUNTS: Mapping[str, str] = {
    "expense:fees": words("Kept by gateways"),
    "income:fees": words("Fees that buyers bore"),
}
FEE_POSTINGS: Mapping[str, str] = {
    "fee": words("Fee of the gateway, as reckoned"),
    "fee_back": words("Fee given back to the buyer"),
    "fee_billed": words("Fee of the gateway, as its bill says"),
    "fee_told": words("Fee of the gateway, corrected"),
    "surcharge": words("Fee that the buyer bears"),
}


def _fees(facts: Mapping[str, Any]) -> str:
    borne, kept = (money(Money(facts[name], facts["currency"])) for name in ("fee", "kept"))
    return str(gettext("buyer %(fee)s, gateway about %(kept)s", fee=borne, kept=kept))


def _told(facts: Mapping[str, Any]) -> str:
    return money(Money(facts["fee"], facts["currency"]))


def _reason(facts: Mapping[str, Any]) -> str:
    return str(gettext(facts["reason"]))


def _left(facts: Mapping[str, Any]) -> str:
    return str(ngettext("%(num)s difference open", "%(num)s differences open", facts["open"]))


def _billed(facts: Mapping[str, Any]) -> str:
    return money(Money(facts["more"], facts["currency"]))


FEE_STEPS: Mapping[str, tuple[str, str, Callable[[Mapping[str, Any]], str]]] = {
    "tender.fee_taken": (words("Fees of the payment booked"), "", _fees),
    "bill.asked": (words("Bill asked for"), "", lambda facts: facts["day"]),
    "bill.taken": (words("Bill taken in"), "", lambda facts: facts["day"]),
    "bill.read": (words("Bill read"), "ok", _left),
    "bill.failed": (words("No bill"), "bad", _reason),
    "bill_line.fee_billed": (words("The bill corrected a fee"), "", _billed),
    "bill_line.settled": (words("A difference was dealt with"), "", lambda facts: facts["note"]),
    "notice.fee_told": (words("The gateway told what it keeps"), "", _told),
}
