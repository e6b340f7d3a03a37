"""What happens when buyers are told, and when they come to see what they bought."""

from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class LinkProved(Event):
    """A browser proved at a link that the order is its person's; there it needs no password any more."""

    name = "link.proved"
    subject_type = "link"

    network: str
    agent: str


@dataclass(frozen=True, kw_only=True)
class LinksRevoked(Event):
    """The links of an order ended at once, and with them what was proved there."""

    name = "links.revoked"
    subject_type = "order"

    links: int


@dataclass(frozen=True, kw_only=True)
class LinkAsked(Event):
    """Somebody asked for the link of an order to be sent to its contact; what no order fits leaves one of nobody."""

    name = "link.asked"
    subject_type = "link"

    network: str


@dataclass(frozen=True, kw_only=True)
class MessageSent(Event):
    """A message to the buyer has left; `about` and `channel` as the delivery says them."""

    name = "delivery.sent"
    subject_type = "delivery"

    about: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class MessageFailed(Event):
    """A message to the buyer did not leave, or, when `unknown`, may have."""

    name = "delivery.failed"
    subject_type = "delivery"

    about: str
    channel: str
    unknown: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class MessageSentAgain(Event):
    """Somebody of the shop has the buyer told once more, maybe by another channel."""

    name = "delivery.again"
    subject_type = "delivery"

    about: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class MessageDropped(Event):
    """Somebody of the shop leaves a message that did not leave, or may have, at that."""

    name = "delivery.dropped"
    subject_type = "delivery"

    about: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class CodeAsked(Event):
    """Somebody asked for a code to the contact of an order; what no order fits leaves one of nobody."""

    name = "owner.code_asked"
    subject_type = "one_time_code"

    network: str
    agent: str


@dataclass(frozen=True, kw_only=True)
class OwnerProved(Event):
    """A browser proved by a code that the contact of an order is its person's, and sees its orders until a time."""

    name = "owner.proved"
    subject_type = "one_time_code"

    network: str
    agent: str


@dataclass(frozen=True, kw_only=True)
class OwnerSignedOut(Event):
    """The person before a browser that had proved a contact ended that."""

    name = "owner.signed_out"
    subject_type = "device"


@dataclass(frozen=True, kw_only=True)
class WordingSaved(Event):
    """The shop wrote new words for a delivery; buyers do not read them before they are published."""

    name = "wording.saved"
    subject_type = "wording"

    number: int


@dataclass(frozen=True, kw_only=True)
class WordingPublished(Event):
    """From now on buyers read a version of the shop's words."""

    name = "wording.published"
    subject_type = "wording"

    number: int


@dataclass(frozen=True, kw_only=True)
class WordingWithdrawn(Event):
    """New buyers do not read the shop's words any more; who got them before still does."""

    name = "wording.withdrawn"
    subject_type = "wording"

    number: int


@dataclass(frozen=True, kw_only=True)
class WordingTried(Event):
    """Somebody had a letter with sample values sent to their own address; the subject is the version."""

    name = "wording.tried"
    subject_type = "wording_version"

    lang: str


@dataclass(frozen=True, kw_only=True)
class MessageArrived(Event):
    """A carrier says that a message to the buyer arrived."""

    name = "delivery.arrived"
    subject_type = "delivery"

    about: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class WaysChosen(Event):
    """A buyer chose what they want to hear by a channel: all, what they need, nothing."""

    name = "telling.ways_chosen"
    subject_type = "opt_out"

    channel: str
    wanted: str


@dataclass(frozen=True, kw_only=True)
class WayLearned(Event):
    """The buyer of an order is told by a further channel from now on, at an address that they proved."""

    name = "telling.way_learned"
    subject_type = "order"

    channel: str


@dataclass(frozen=True, kw_only=True)
class TellingPlanChanged(Event):
    """Somebody of the shop changed how buyers are told; `changes` names what."""

    name = "merchant.telling_changed"
    subject_type = "merchant"

    changes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ResendAsked(Event):
    """Somebody of the shop has the messages of a list sent again, at most so many."""

    name = "resend.asked"
    subject_type = "resend"

    count: int


@dataclass(frozen=True, kw_only=True)
class ResendEnded(Event):
    """Messages of a list were sent again, so many."""

    name = "resend.ended"
    subject_type = "resend"

    state: str
    done: int
