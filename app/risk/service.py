"""Whether an order may go ahead."""

from dataclasses import dataclass
from enum import Enum

from app.kit.money import Money


class Verdict(Enum):
    """What is to be done with an order."""

    ALLOW = "allow"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Values:
    """What a rule may look at; stored with a decision once there are rules of the shop."""

    total: Money
    quantity: int
    unpaid_of_contact: int  # other orders that hold stock and wait for their payment
    unpaid_of_device: int
    most_unpaid: int


def assess(values: Values) -> Verdict:
    """Return the verdict over an order: nobody holds more stock unpaid than the shop lets a buyer hold."""
    holds = max(values.unpaid_of_contact, values.unpaid_of_device)
    return Verdict.REFUSE if holds >= values.most_unpaid else Verdict.ALLOW
