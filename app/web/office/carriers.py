"""Carriers of messages and their templates, as pages of the office show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext

from app.kit import clock
from app.kit.errors import words
from app.messages import queries
from app.messages.queries import Carrier, CarrierTrial, Channel, Provider, TellsReceipts, Template, TrialState
from app.web.language import LANGUAGES
from app.web.office.parties import FieldShown, fields_shown, labels_of
from app.web.office.reasons import reason_words
from app.web.office.shown import about_words

CHANNELS: Mapping[Channel, str] = {
    Channel.EMAIL: words("E-mail"),
    Channel.INBOX: words("Messages within the shop"),
    Channel.SMS: words("SMS"),
    Channel.WECHAT: words("WeChat service account"),
    Channel.MINI: words("WeChat mini program"),
    Channel.WECOM: words("WeCom"),
    Channel.DINGTALK: words("DingTalk"),
    Channel.WECOM_ROBOT: words("WeCom group of the staff"),
    Channel.DINGTALK_ROBOT: words("DingTalk group of the staff"),
}
FINDINGS: Mapping[str, str] = {
    "keys": words("Keys"),
    "clock": words("Clock"),
    "query": words("Question to the service"),
    "receipts": words("Receipts reach the shop"),
    "robot": words("What the robot answered to a test note"),
}
VALUES: Mapping[str, str] = {
    "shop": words("name of the shop"),
    "number": words("end of the order number"),
    "title": words("name of the goods"),
    "amount": words("amount"),
    "until": words("until when"),
    "digits": words("the six digits"),
    "minutes": words("minutes that the digits are good for"),
    "count": words("how many"),
}
STATES: Mapping[TrialState, tuple[str, str]] = {
    TrialState.ASKED: (words("Being sent"), "info"),
    TrialState.TAKEN: (words("Taken, not known to have arrived"), "info"),
    TrialState.ARRIVED: (words("It reached you"), "ok"),
    TrialState.FAILED: (words("Not sent"), "bad"),
    TrialState.UNKNOWN: (words("Unknown"), "warn"),
}


@dataclass(frozen=True)
class PartyShown:
    """A party that can be connected."""

    name: str
    title: str
    channel: str
    fields: Sequence[FieldShown]
    is_robot: bool

    @property
    def labels(self) -> dict[str, str]:
        """Return what the entries of its form are called."""
        return labels_of(self.fields)


@dataclass(frozen=True)
class CarrierShown:
    """A carrier and how it stands."""

    id: UUID
    name: str
    title: str  # in the shop's own words, or ""
    party: str
    account: str
    channel: str
    enabled: bool
    alarm: str  # one sentence; "" when it is in order
    code: str  # what the other side called it
    rests_until: datetime | None
    tested_at: datetime | None
    is_well: bool
    lacks_templates: bool
    needs_templates: bool
    tells: bool  # pushes receipts
    is_phone: bool
    is_robot: bool
    former_until: datetime | None  # until when the former address for receipts works
    retired_at: datetime | None
    heard_until: datetime | None


@dataclass(frozen=True)
class ChannelShown:
    """A channel with its carriers in the order they are asked."""

    name: str
    carriers: Sequence[CarrierShown]


@dataclass(frozen=True)
class TemplateShown:
    """The approved template for one thing in one language; without a number there is none."""

    about: str
    about_name: str
    lang: str
    lang_name: str
    code: str
    filled: str  # its variables, in one line


@dataclass(frozen=True)
class TrialShown:
    """A message that was sent for a test."""

    at: datetime
    about: str
    to: str
    state: str
    tone: str
    reason: str


def party_shown(party: Provider) -> PartyShown:
    """Return how a party and its form are shown."""
    fields = fields_shown(party.fields, party.numbered_by)
    is_robot = party.channel in queries.ROBOTS
    return PartyShown(party.name, gettext(party.title), gettext(CHANNELS[party.channel]), fields, is_robot)


def channels_shown(carriers: Sequence[Carrier]) -> list[ChannelShown]:
    """Return the carriers by channel."""
    channels = dict.fromkeys(carrier.channel for carrier in carriers)
    return [
        ChannelShown(gettext(CHANNELS[one]), [carrier_shown(row) for row in carriers if row.channel is one])
        for one in channels
    ]


def carrier_shown(carrier: Carrier) -> CarrierShown:
    """Return how a carrier is shown."""
    party, now = queries.provider(carrier.provider), clock.now()
    alarm, _, code = carrier.alarm.partition(" · ")
    is_robot = carrier.channel in queries.ROBOTS
    return CarrierShown(
        id=carrier.id,
        name=carrier.title or (carrier.account if is_robot else gettext(party.title)),
        title=carrier.title,
        party=gettext(party.title),
        account=carrier.account,
        channel=gettext(CHANNELS[carrier.channel]),
        enabled=carrier.enabled,
        alarm=gettext(alarm) if alarm else "",
        code=code,
        rests_until=carrier.rests_until if carrier.rests_until and carrier.rests_until > now else None,
        tested_at=carrier.tested_at,
        is_well=all(finding["well"] for finding in carrier.findings),
        lacks_templates=party.needs_template and not queries.templates_of(carrier.id),
        needs_templates=party.needs_template,
        tells=isinstance(party, TellsReceipts),
        is_phone=carrier.channel is Channel.SMS,
        is_robot=is_robot,
        former_until=carrier.former_until if carrier.former_until and carrier.former_until > now else None,
        retired_at=carrier.retired_at,
        heard_until=queries.heard_until(carrier),
    )


def templates_shown(templates: Mapping[tuple[str, str], Template]) -> list[TemplateShown]:
    """Return what a carrier's party approved, and what it has not yet."""
    return [
        template_shown(about, lang, templates.get((about, lang), Template("")))
        for about in queries.VALUES_OF
        for lang in LANGUAGES
    ]


def template_shown(about: str, lang: str, template: Template) -> TemplateShown:
    """Return one approved template."""
    filled = [f"{theirs}: {gettext(VALUES[ours]) if ours in VALUES else ours}" for theirs, ours in template.variables]
    return TemplateShown(
        about, about_words(about), lang, LANGUAGES[lang], template.code, str(gettext(", ")).join(filled)
    )


def samples_shown(templates: Sequence[TemplateShown], *, needs_templates: bool) -> list[tuple[str, str]]:
    """Return which templates can be sent for a test, as choices."""
    known = [one for one in templates if one.code or not needs_templates]
    return [(f"{one.about}/{one.lang}", f"{one.about_name} · {one.lang_name}") for one in known]


def values_shown(about: str) -> list[tuple[str, str]]:
    """Return the values of ours that a template may be filled with."""
    return [("", "–"), *((name, gettext(VALUES[name])) for name in queries.VALUES_OF[about])]


def trial_shown(trial: CarrierTrial) -> TrialShown:
    """Return how a message for a test stands."""
    name, tone = STATES[trial.state]
    return TrialShown(
        trial.asked_at, about_words(trial.about), trial.mask, gettext(name), tone, reason_words(trial.reason)
    )
