"""Trials of fences: settings that are not saved, and what they would have done with the orders of the last 30 days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select

from app.kit import clock
from app.kit.listing import Listed, listed
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Past
from app.payments import queries as payments
from app.risk.queries import Mode, Rule, What
from app.risk.service import Setting, faults_of
from app.web.guard import frame
from app.web.language import here
from app.web.office.fence_words import rule_words

TRIED = "tried"
MOST = 2000  # orders that the list goes through, the newest; the page counts all


@dataclass(frozen=True)
class RuleTried:
    """A rule that would have caught somebody, or was changed: how it is set, what came of it, and where those are."""

    says: str
    came: str
    tone: str
    url: str


@dataclass(frozen=True)
class Trial:
    """What came of settings that are not saved."""

    rules: Sequence[RuleTried]
    looked_at: int
    since: datetime | None  # of the oldest looked at, when there were too many
    typed: Mapping[str, str]  # the settings, as the form takes them
    caught: Sequence[UUID]  # what is listed
    is_cut: bool = False  # whether there are more of these
    chosen: str = ""  # the rule whose orders are listed, in words
    asked: str = ""


def written(wanted: Mapping[str, Setting], rules: Mapping[str, Rule]) -> str:
    """Return settings as an address says them, without those that stand like this already."""
    plain = {name: f"{name}:{one.mode:d}:{one.most}:{one.minutes}" for name, one in wanted.items()}
    return ",".join(text for name, text in plain.items() if text != _plain(rules[name]))


def tried(rules: Mapping[str, Rule], args: Mapping[str, str]) -> Trial | None:
    """Return what came of the settings in the address, or None when it asks for no trial."""
    if TRIED not in args:
        return None
    changed = read(rules, args[TRIED])
    wanted = {**rules, **changed}
    past, cut = orders.list_past(now=clock.now())
    caught = orders.rehearse(past, list(wanted.values()))
    all_caught = [order for found in caught.values() for order in found]
    disputed = payments.list_disputed(sorted({order.id for order in all_caught if order.is_kept}))
    told = [name for name in wanted if caught.get(name) or name in changed]
    chosen = args.get("rule", "")
    ids = sorted({order.id for order in caught.get(chosen, all_caught)})
    return Trial(
        [_shown(wanted[name], caught.get(name, []), disputed, args[TRIED]) for name in told],
        len(past),
        min(order.placed_at for order in past) if cut else None,
        {key: text for rule in changed.values() for key, text in _typed(rule).items()},
        ids[-MOST:],
        len(ids) > MOST,
        rule_words(wanted[chosen]) if chosen in caught else "",
        args[TRIED],
    )


def listed_caught(rules: Mapping[str, Rule], args: Mapping[str, str]) -> tuple[Listed, Trial]:
    """Return a page of the orders that the rule in the address would have caught, or any of them."""
    trial = tried(rules, {TRIED: "", **args})
    assert trial
    kept = dict.fromkeys(("rule", TRIED), _all)
    return listed(replace(orders.listing_of(trial.caught), filters=kept), args), trial


def _all(query: Select[Any], _text: str) -> Select[Any]:
    return query


def read(rules: Mapping[str, Rule], text: str) -> dict[str, Rule]:
    """Return the rules that an address sets otherwise; what is no setting is passed over."""
    found = {}
    for one in text.split(","):
        name, *numbers = one.split(":")
        if name in rules and len(numbers) == 3 and all(n.isascii() and n.isdigit() and len(n) <= 13 for n in numbers):
            mode, most, minutes = map(int, numbers)
            if mode in tuple(Mode) and not faults_of(rules[name], Setting(Mode(mode), most, minutes)):
                found[name] = replace(rules[name], mode=Mode(mode), most=most, minutes=minutes)
    return found


def _plain(rule: Rule) -> str:
    return f"{rule.name}:{rule.mode:d}:{rule.most}:{rule.minutes}"


def _typed(rule: Rule) -> dict[str, str]:
    most = Money(rule.most, frame().currency).major if rule.what is What.MONEY else str(rule.most)
    return {
        f"{rule.name}.mode": str(int(rule.mode)),
        f"{rule.name}.most": most,
        f"{rule.name}.minutes": str(rule.minutes),
    }


def _shown(rule: Rule, found: Sequence[Past], disputed: set[UUID], asked: str) -> RuleTried:
    good = sum(order.is_kept and order.id not in disputed for order in found)
    url = here(".tried_orders", rule=rule.name, tried=asked) if found else ""
    tone = "mute" if not found else "warn" if good and rule.mode is not Mode.WATCH else "info"
    return RuleTried(rule_words(rule), _came(rule, len(found), good), tone, url)


def _came(rule: Rule, count: int, good: int) -> str:
    if rule.mode is Mode.OFF:
        return str(_("It is off and looks at nothing."))
    if not count:
        return str(_("In the last 30 days this would have caught no order."))
    if rule.mode is Mode.WATCH:
        came = ngettext(
            "In the last 30 days this would have noted %(num)s order and stopped none; paid and never refunded or"
            " disputed: %(good)s.",
            "In the last 30 days this would have noted %(num)s orders and stopped none; paid and never refunded or"
            " disputed: %(good)s.",
            count,
            good=good,
        )
    else:
        came = ngettext(
            "In the last 30 days this would have stopped %(num)s order; paid and never refunded or disputed: %(good)s.",
            "In the last 30 days this would have stopped %(num)s orders, %(good)s of them paid and never refunded or"
            " disputed.",
            count,
            good=good,
        )
    return str(came)
