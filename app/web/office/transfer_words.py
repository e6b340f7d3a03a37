"""Words of bank transfers for the timeline."""

from collections.abc import Callable, Mapping
from typing import Any

from app.kit.errors import words
from app.kit.money import Money
from app.web.language import money

Note = Callable[[Mapping[str, Any]], str]


def _amount(facts: Mapping[str, Any]) -> str:
    return money(Money(facts["amount"], facts["currency"]))


def _confirmed(facts: Mapping[str, Any]) -> str:
    return " · ".join(part for part in (_amount(facts), facts["reference"], facts["note"]) if part)


TRANSFER_STEPS: Mapping[str, tuple[str, str, Note]] = {
    "transfer.told": (words("The buyer says the transfer was sent"), "info", _amount),
    "transfer.confirmed": (words("Transfer seen in the bank"), "ok", _confirmed),
    "transfer.rejected": (words("Transfer not found"), "warn", lambda facts: facts["reason"]),
    "transfer.proof_taken": (words("Proof of the transfer opened"), "", lambda facts: facts["network"]),
}
