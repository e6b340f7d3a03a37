"""What happens to a shop itself."""

from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class ReplyToChanged(Event):
    """Answers to the shop's letters go elsewhere from now on, or, unless `is_set`, to nobody; where to is not told."""

    name = "merchant.reply_to_changed"
    subject_type = "merchant"

    is_set: bool


@dataclass(frozen=True, kw_only=True)
class ShopChanged(Event):
    name = "merchant.changed"
    subject_type = "merchant"

    changes: tuple[str, ...]  # what: accent, closed, contact …


@dataclass(frozen=True, kw_only=True)
class ShopClosed(Event):
    name = "merchant.closed"
    subject_type = "merchant"


@dataclass(frozen=True, kw_only=True)
class ShopOpened(Event):
    name = "merchant.opened"
    subject_type = "merchant"


@dataclass(frozen=True, kw_only=True)
class RevealsChanged(Event):
    """Codes are shown again by other rules from now on."""

    name = "merchant.reveals_changed"
    subject_type = "merchant"

    link_hours: int
    most_devices: int
    fresh_minutes: int
    hide_seconds: int
    by_sms: bool = True


@dataclass(frozen=True, kw_only=True)
class MailProofChanged(Event):
    """From now on a code by mail may stand in for the order password, or, unless `is_allowed`, no longer."""

    name = "merchant.mail_proof_changed"
    subject_type = "merchant"

    is_allowed: bool
