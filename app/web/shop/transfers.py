"""A bank transfer as its buyer sees it: where to send the money, what was told, and what the shop found."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Closed, Order, Payment
from app.payments import queries as paying
from app.payments.queries import Attempt, Telling, TellingState, Way

OF_BANK = ("bank", "branch", "swift")


@dataclass(frozen=True)
class TransferShown:
    """One transfer, and how far it is."""

    rows: list[tuple[str, str, str]]  # key, label and value of what the buyer copies
    note: str
    missing: Money
    received: Money | None  # what came and is not enough
    told: Money | None  # what the buyer said they sent, while nobody has looked
    told_at: datetime | None
    rejected: str  # why the shop found no money behind what was told last
    mark: str  # another one whenever there is news

    @property
    def waits(self) -> bool:
        """Tell whether the shop has something to look at."""
        return self.told is not None


def transfer_of(found: Order, attempt: Attempt | None) -> TransferShown | None:
    """Return the transfer that an unpaid order was to be paid by last; of others None."""
    is_open = found.payment is Payment.PENDING and found.closed is not Closed.CANCELLED
    if attempt is None or attempt.way is not Way.TRANSFER or not is_open:
        return None
    tender = orders.find_due(found.id)
    came = paying.received_by_transfer(found.id, found.currency)
    told = paying.list_tellings(attempt.id)
    last = told[0] if told else None
    waits = last is not None and last.state is TellingState.WAITING
    missing = (tender.due if tender else found.total) - came
    return TransferShown(
        rows=_rows(attempt, found, missing),
        note=paying.get_method(attempt.method_id).settings.get("note", ""),
        missing=missing,
        received=came if came.minor else None,
        told=last.money if last and waits else None,
        told_at=last.at if last and waits else None,
        rejected=last.reason if last and last.state is TellingState.REJECTED else "",
        mark=_mark(last, len(told), came),
    )


def mark_of(found: Order) -> str:
    """Return the mark of an order's transfer as it stands; "" where it has none."""
    shown = transfer_of(found, paying.find_attempt(found.id))
    return shown.mark if shown else ""


def _mark(last: Telling | None, count: int, came: Money) -> str:
    return f".{count}-{int(last.state) if last else ''}-{came.minor}"


def _rows(attempt: Attempt, found: Order, missing: Money) -> list[tuple[str, str, str]]:
    """Return what is to be typed into the bank's form, as the account is set now: a mended slip reaches buyers."""
    method = paying.get_method(attempt.method_id)
    labels = {field.name: gettext(field.label) for field in paying.fields_of(method.provider)}
    rows = [
        ("amount", gettext("Amount"), missing.major),
        ("holder", labels["holder"], method.settings.get("holder", "")),
        ("number", labels["number"], method.account),
        *((name, labels[name], method.settings.get(name, "")) for name in OF_BANK),
        ("reference", gettext("Transfer reference"), found.number),
    ]
    return [row for row in rows if row[2]]
