"""What fences say, in words of the reader's language; for the staff alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from app.kit.errors import words
from app.kit.money import Money
from app.risk.queries import Catch, Mode, Rule, What, Whose
from app.web.guard import frame
from app.web.language import money

OF: Mapping[str, Any] = {
    Whose.CONTACT.value: lazy_gettext("of one contact"),
    Whose.DEVICE.value: lazy_gettext("from one browser"),
    Whose.NETWORK.value: lazy_gettext("from one network"),
    Whose.PAYER.value: lazy_gettext("paid from one account"),
}
WINDOWS: Mapping[int, Any] = {
    0: lazy_gettext("at the same time"),
    10: lazy_gettext("within 10 minutes"),
    60: lazy_gettext("within an hour"),
    1440: lazy_gettext("within 24 hours"),
}
LENGTHS: Mapping[int, Any] = {
    0: lazy_gettext("now"),
    10: lazy_gettext("10 minutes"),
    60: lazy_gettext("1 hour"),
    1440: lazy_gettext("24 hours"),
}
COUNTED: Mapping[str, Any] = {
    What.ORDERS.value: lazy_gettext("Orders"),
    What.MONEY.value: lazy_gettext("Sum of the orders"),
    What.CONTACTS.value: lazy_gettext("Different contacts"),
    What.REFUSED.value: lazy_gettext("Payments the gateway refused"),
    What.UNPAID.value: lazy_gettext("Unpaid orders"),
}
MODES: Mapping[Mode, Any] = {
    Mode.OFF: lazy_gettext("Off"),
    Mode.WATCH: lazy_gettext("Watch"),
    Mode.REVIEW: lazy_gettext("Review"),
    Mode.REFUSE: lazy_gettext("Refuse"),
}
# Of each event: its name, its tone, and which of its facts are worth telling.
REVIEW_STEPS: Mapping[str, Any] = {
    "order.opened_early": (words("Handed over before its time"), "info", lambda facts: ""),
    "order.held": (words("Paid, delivery waits for a decision"), "warn", lambda facts: ""),
    "order.reviewed": (
        words("Decided"),
        "info",
        lambda facts: f"{_('released') if facts['released'] else _('refunded')} {reason_of(facts['reason'])}".strip(),
    ),
}
TOLD = 3
TOO_LATE = "not decided in time"  # as the task of area refunds says it


@dataclass(frozen=True)
class CatchShown:
    """What a rule saw, in one sentence, and whether it led to something."""

    order_id: UUID | None
    sentence: str
    bites: bool


def catches_shown(caught: Sequence[Catch], currency: str) -> list[CatchShown]:
    return [CatchShown(row.order_id, sentence(row, currency), row.mode is not Mode.WATCH) for row in caught]


def sentence(row: Catch, currency: str) -> str:
    """Return what a rule saw: who did how much in which time, and how much passes."""
    whose, _dot, what = row.rule.partition(".")
    return str(
        _(
            "%(count)s %(whose)s %(window)s; %(most)s pass",
            count=_amount(what, row.seen, currency),
            whose=OF[whose],
            window=WINDOWS.get(row.minutes, row.minutes),
            most=money(Money(row.most, currency)) if what == What.MONEY.value else row.most,
        )
    )


def _amount(what: str, seen: int, currency: str) -> str:
    if what == What.MONEY.value:
        return money(Money(seen, currency))
    if what == What.CONTACTS.value:
        return str(ngettext("%(num)s different contact", "%(num)s different contacts", seen))
    if what == What.REFUSED.value:
        return str(ngettext("%(num)s refused payment", "%(num)s refused payments", seen))
    if what == What.UNPAID.value:
        return str(ngettext("%(num)s unpaid order", "%(num)s unpaid orders", seen))
    return str(ngettext("%(num)s order", "%(num)s orders", seen))


def reason_of(reason: str) -> str:
    """Return the reason of a decision; one that the house gave is in words of the reader."""
    return str(_("not decided in time")) if reason == TOO_LATE else reason


def fences_note(facts: Mapping[str, Any]) -> str:
    """Return which rules were set, and to what; of many the first ones."""
    changes = facts["changes"]
    told = [_change(*change) for change in changes[:TOLD]]
    if len(changes) > TOLD:
        told.append(ngettext("%(num)s more rule", "%(num)s more rules", len(changes) - TOLD))
    return str(_("; ")).join(told)


def _change(name: str, before: str, after: str) -> str:
    whose, _dot, what = name.partition(".")
    return f"{COUNTED[what]} {OF[whose]}: {_setting(what, before)} → {_setting(what, after)}"


def rule_words(rule: Rule) -> str:
    """Return a rule in one line: what it counts of whom, what it does, how much passes in which time."""
    plain = f"{rule.mode.name} {rule.most} {rule.minutes}"
    return f"{COUNTED[rule.what.value]} {OF[rule.whose.value]}: {_setting(rule.what.value, plain)}"


def _setting(what: str, plain: str) -> str:
    mode, most, minutes = plain.split()
    limit = money(Money(int(most), frame().currency)) if what == What.MONEY.value else most
    return f"{MODES[Mode[mode.upper()]]} ({limit}, {WINDOWS.get(int(minutes), minutes)})"


def policy_note(facts: Mapping[str, Any]) -> str:
    """Return how reviews end that nobody ends, and after how long."""
    ends, hours = _("delivered") if facts["releases"] else _("refunded"), facts["hours"]
    if not hours:
        return f"{ends} {_('when the time of the queue is over')}"
    return f"{ends} {ngettext('after %(num)s hour', 'after %(num)s hours', hours)}"
