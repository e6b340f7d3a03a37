"""Booking by hand: people of the shop saw money come into the bank, or leave it."""

from datetime import datetime
from uuid import UUID

from app.balances import queries
from app.balances.errors import InsufficientBalance, KnownTransfer, NothingToBook, TooMuch
from app.balances.events import BalanceCorrected, BalancePaidOut, BalanceToppedUp
from app.balances.models import MovementKind
from app.balances.rules import LONGEST_REFERENCE, same_reference
from app.balances.service.moving import Change, is_counted, move, tell
from app.kit.errors import Invalid, Required, TooLong
from app.kit.events import By
from app.kit.money import Money


def top_up(holder_id: UUID, money: Money, reference: str, *, now: datetime, by: By) -> None:
    """Book a bank transfer onto a balance; the same reference counts once.

    Raises Invalid with NothingToBook, Required, TooLong or KnownTransfer.
    """
    reference = reference.strip()
    if money.minor <= 0:
        raise Invalid({"amount": NothingToBook()})
    _check_words("reference", reference)
    source = f"transfer:{same_reference(reference)}"
    moved = move(Change(holder_id, MovementKind.TOP_UP, money, source, now, by, reference=reference))
    if moved is None:
        raise Invalid({"reference": KnownTransfer(reference)})
    tell(BalanceToppedUp, moved, money, reference=reference)


def pay_out(holder_id: UUID, money: Money, reason: str, *, key: str, now: datetime, by: By, field: str = "out") -> None:
    """Take money off a balance, since it went back by bank or had been booked by mistake; the same `key` counts once.

    What is wrong with the amount is told of `field`. Raises Invalid with NothingToBook, Required, TooLong or TooMuch.
    """
    reason = reason.strip()
    if money.minor <= 0:
        raise Invalid({field: NothingToBook()})
    _check_words("reason", reason)
    change = Change(holder_id, MovementKind.PAID_OUT, -money, f"pay-out:{key}", now, by, reference=reason)
    try:
        moved = move(change)
    except InsufficientBalance:
        if is_counted(change):
            return
        raise Invalid({field: TooMuch(queries.balance(holder_id))}) from None
    if moved is not None:
        tell(BalancePaidOut, moved, money, reason=reason)


def correct(holder_id: UUID, money: Money, reason: str, *, key: str, now: datetime, by: By) -> None:
    """Put money onto a balance at the shop's expense, or take it off where it is negative; the same `key` counts once.

    Raises Invalid with NothingToBook, Required, TooLong or TooMuch.
    """
    reason = reason.strip()
    if not money.minor:
        raise Invalid({"amount": NothingToBook()})
    _check_words("reason", reason)
    change = Change(holder_id, MovementKind.CORRECTED, money, f"correction:{key}", now, by, reference=reason)
    try:
        moved = None if is_counted(change) else move(change)
    except InsufficientBalance:
        raise Invalid({"amount": TooMuch(queries.balance(holder_id))}) from None
    if moved is not None:
        tell(BalanceCorrected, moved, money, reason=reason)


def _check_words(field: str, text: str) -> None:
    if not text or len(text) > LONGEST_REFERENCE:
        raise Invalid({field: TooLong(LONGEST_REFERENCE) if text else Required()})
