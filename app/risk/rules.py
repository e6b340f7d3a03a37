"""Pure rules of risk: which rules there are, and what they say to what was counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from app.kit.money import Money
from app.risk.models import Mode

MINUTES = (10, 60, 1440)
INSTANT = 0  # no window: what is so at this moment


class Whose(Enum):
    """Of whom something is counted."""

    CONTACT = "contact"
    DEVICE = "device"
    NETWORK = "network"
    PAYER = "payer"  # known only once somebody has paid


class What(Enum):
    """What is counted, the order that is judged among it."""

    ORDERS = "orders"
    MONEY = "money"
    CONTACTS = "contacts"  # different ones
    REFUSED = "refused"  # payments that a gateway refused
    UNPAID = "unpaid"  # orders that hold stock just now and wait for their payment


@dataclass(frozen=True)
class Rule:
    """One rule as it stands in a shop."""

    whose: Whose
    what: What
    minutes: int
    most: int
    mode: Mode

    @property
    def name(self) -> str:
        return f"{self.whose.value}.{self.what.value}"

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes it can have: what is known after the payment refuses nothing, and unpaid orders wait anyway."""
        if self.whose is Whose.PAYER:
            return (Mode.OFF, Mode.WATCH, Mode.REVIEW)
        return (Mode.OFF, Mode.WATCH, Mode.REFUSE) if self.what is What.UNPAID else tuple(Mode)


# What contact and device hold unpaid is limited by the shop itself, see `Values.most_unpaid`.
HOUSE: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(Whose.CONTACT, What.ORDERS, 60, 10, Mode.WATCH),
        Rule(Whose.CONTACT, What.MONEY, 1440, 1_000_000, Mode.WATCH),
        Rule(Whose.CONTACT, What.REFUSED, 60, 5, Mode.REVIEW),
        Rule(Whose.DEVICE, What.ORDERS, 60, 10, Mode.WATCH),
        Rule(Whose.DEVICE, What.MONEY, 1440, 1_000_000, Mode.WATCH),
        Rule(Whose.DEVICE, What.CONTACTS, 1440, 5, Mode.REVIEW),
        Rule(Whose.DEVICE, What.REFUSED, 60, 5, Mode.REVIEW),
        Rule(Whose.NETWORK, What.ORDERS, 10, 30, Mode.WATCH),
        Rule(Whose.NETWORK, What.MONEY, 1440, 5_000_000, Mode.WATCH),
        Rule(Whose.NETWORK, What.CONTACTS, 1440, 30, Mode.WATCH),
        Rule(Whose.NETWORK, What.REFUSED, 60, 20, Mode.WATCH),
        Rule(Whose.NETWORK, What.UNPAID, INSTANT, 30, Mode.REFUSE),
        Rule(Whose.PAYER, What.ORDERS, 1440, 10, Mode.WATCH),
        Rule(Whose.PAYER, What.MONEY, 1440, 1_000_000, Mode.WATCH),
        Rule(Whose.PAYER, What.CONTACTS, 1440, 5, Mode.REVIEW),
    )
}


class Verdict(Enum):
    """What is to be done with an order."""

    ALLOW = "allow"
    REVIEW = "review"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Values:
    """What a rule may look at."""

    total: Money
    quantity: int
    unpaid_of_contact: int  # other orders that hold stock and wait for their payment
    unpaid_of_device: int
    most_unpaid: int
    counts: Mapping[str, int]  # by rule, the order itself among it


@dataclass(frozen=True)
class Hit:
    """A rule that an order runs into, and what it saw."""

    rule: Rule
    seen: int


@dataclass(frozen=True)
class Decision:
    """A verdict and what led to it; on watch, hits that led to nothing."""

    verdict: Verdict
    hits: tuple[Hit, ...] = ()
    too_many_unpaid: bool = False


def assess(values: Values, rules: Sequence[Rule]) -> Decision:
    """Return the verdict over an order: nobody holds more stock unpaid than the shop lets a buyer hold, and its rules
    say the rest."""
    if max(values.unpaid_of_contact, values.unpaid_of_device) >= values.most_unpaid:
        return Decision(Verdict.REFUSE, too_many_unpaid=True)
    return judge(values.counts, rules)


def judge(counts: Mapping[str, int], rules: Sequence[Rule]) -> Decision:
    """Return the strictest of what rules say to these counts, the order itself among them."""
    hits = tuple(Hit(rule, counts[rule.name]) for rule in rules if counts.get(rule.name, 0) > rule.most)
    worst = max((hit.rule.mode for hit in hits), default=Mode.OFF)
    verdict = {Mode.REFUSE: Verdict.REFUSE, Mode.REVIEW: Verdict.REVIEW}.get(worst, Verdict.ALLOW)
    return Decision(verdict, hits)
