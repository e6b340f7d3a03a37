"""Bank transfers: the buyer sends money to the shop's account by themselves, and people of the shop say that it came.

A gateway of our own with nothing outside to call: there is nobody to ask, so money is told of by
`payments.confirm_transfer` alone, never by HTTP; and nobody who could give it back, so people do.
"""

import re
from datetime import timedelta

from app.kit.effects import Answer, Done, Refused
from app.kit.errors import words
from app.kit.http import Client
from app.kit.money import Money
from app.payments.providers.base import (
    Account,
    BadAccount,
    Field,
    Finding,
    Opened,
    Payback,
    Scene,
    Start,
    Trade,
    Unpaid,
    Way,
)
from app.payments.providers.ours import Ours

NAME = "transfer"
BY_HAND = "no machine gives a transfer back"
DAY, LONGEST = 24, 168  # hours
SHOWN = {"holder": 120, "bank": 120, "branch": 120, "swift": 34, "note": 300}  # settings by their longest text


class Transfer(Ours):
    """The gateway that is a bank account of the shop and somebody who looks at it."""

    name = NAME
    title = words("Bank transfer")
    numbered_by = "number"
    fields: tuple[Field, ...] = (
        Field("holder", words("Account holder")),
        Field("bank", words("Bank")),
        Field("number", words("Account number"), words("Or an IBAN. Buyers see it, and it stays once connected.")),
        Field("branch", words("Branch"), required=False),
        Field("swift", words("SWIFT code"), words("For transfers from abroad."), required=False),
        Field("note", words("Note"), words("What buyers should know, such as how long it takes."), required=False),
        Field(
            "currency",
            words("Currency of the account"),
            words("Three letters such as CNY. Left empty, every order can be paid to it."),
            required=False,
        ),
        Field(
            "hours",
            words("Hours to wait"),
            words(
                "How long an order stays open, with its stock held, after it is placed. Empty means 24; at most 168."
            ),
            required=False,
        ),
    )

    def check(self, account: Account) -> None:
        """Refuse what no buyer could send money to, and times that are no hours."""
        if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z -]{3,48}", account.number):
            raise BadAccount(
                "number", words("Enter 4 to 49 digits or letters; spaces and dashes between them are fine.")
            )
        for name, longest in SHOWN.items():
            if len(account.setting(name)) > longest:
                raise BadAccount(name, words("This is too long to be shown to buyers."))
        if not re.fullmatch(r"([A-Z]{3})?", account.setting("currency")):
            raise BadAccount("currency", words("Give three capital letters such as CNY, or nothing."))
        hours = account.setting("hours") or str(DAY)
        if not re.fullmatch(r"[1-9][0-9]{0,2}", hours, re.ASCII) or int(hours) > LONGEST:
            raise BadAccount("hours", words("Give whole hours from 1 to 168."))

    def patience(self, account: Account) -> timedelta:
        """Return how long an order waits for a transfer."""
        return timedelta(hours=int(account.setting("hours") or DAY))

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Show the account everywhere, for what is in its currency."""
        fits = account.setting("currency") in ("", due.currency)
        return Way.TRANSFER if fits and due.minor > 0 else None

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Show the account; there is nobody to be told."""
        return Done(Opened(Way.TRANSFER, NAME))

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Tell that money may come yet: only people can see whether it did."""
        return Done(Unpaid())

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Leave it to people, who note that they gave it back."""
        return Refused(BY_HAND)

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Answer as `refund` does."""
        return Refused(BY_HAND)

    def probe(self, account: Account, http: Client) -> Answer:
        """Say what a self-test cannot: there is no key and nobody to ask."""
        said = words(
            "This cannot be checked automatically. Check the account above once more: it is where buyers send money."
        )
        return Done((Finding("query", well=True, message=said),))
