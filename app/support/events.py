"""What happens when buyers need help."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class HelpAsked(Event):
    """A buyer said what is wrong with something they bought, and was shown what to do."""

    name = "help.asked"
    subject_type = "help"

    entitlement_id: UUID
    problem: str


@dataclass(frozen=True, kw_only=True)
class HelpSolved(HelpAsked):
    """What a buyer was shown has helped."""

    name = "help.solved"


@dataclass(frozen=True, kw_only=True)
class HelpStuck(HelpAsked):
    """What a buyer was shown has not helped: the shop is told, with how the code stands."""

    name = "help.stuck"


@dataclass(frozen=True, kw_only=True)
class HelpSeenTo(HelpAsked):
    """Somebody of the shop has seen to what a buyer was stuck with."""

    name = "help.seen_to"


@dataclass(frozen=True, kw_only=True)
class FixStepsSet(Event):
    """The shop says something else about what can go wrong with a product."""

    name = "fix_steps.set"
    subject_type = "product"
