"""Fences of the shop: how much one hand may order in a while, and what is done beyond."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.kit import clock, events
from app.kit.money import Money
from app.merchants import queries as merchants
from app.orders.queries import status
from app.risk import queries, service
from app.risk.queries import INSTANT, MINUTES, Caught, Mode, Rule, What
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, settings
from app.web.language import here
from app.web.office import bp, trials
from app.web.office.changes import happened
from app.web.office.fence_words import COUNTED, LENGTHS, MODES, OF, sentence
from app.web.office.shown import Step
from app.web.render import Page, Redirect, page

SHADOW = timedelta(days=7)
TOLD = {"merchant.fences_changed", "merchant.review_policy_changed"}
LATEST = 20


@dataclass(frozen=True)
class RuleShown:
    """A rule as its row in the form shows it."""

    name: str
    title: str
    rule: Rule
    most: str  # of money with its decimals
    money: bool
    modes: list[tuple[int, str]]
    windows: list[tuple[int, str]]
    caught: Caught


@bp.get("/<shop>/fences")
@needs("shop.edit")
def fences() -> Page:
    rules = queries.read()
    trial = trials.tried(rules, request.args)
    return page(
        "office/fences/fences.html",
        groups=_groups(rules),
        policy=queries.policy(),
        queue_hours=merchants.current().queue_hours,
        refused=[(row, sentence(row, frame().currency)) for row in queries.list_refused(limit=LATEST)],
        behind_proxy="X-Forwarded-For" in request.headers and not settings().trusted_proxies,
        trial=trial,
        typed=trial.typed if trial else {},
        labels=_labels(rules) | {"hours": _("Hours to decide")},
        timeline=_timeline(),
    )


@bp.post("/<shop>/fences")
@needs("shop.edit")
@corrects(fences)
def set_fences() -> Redirect:
    form, now, by = Form(request.form), clock.now(), actor().by
    wanted = {name: _wanted(form, rule) for name, rule in queries.read().items() if f"{name}.mode" in form.fields}
    form.also(lambda: service.set_rules(wanted, now=now, by=by))
    return Redirect(here(".fences"), toast=_("Saved"))


@bp.post("/<shop>/fences/trial")
@needs("shop.edit")
@corrects(fences)
def try_fences() -> Redirect:
    form = Form(request.form)
    wanted = {name: _wanted(form, rule) for name, rule in queries.read().items() if f"{name}.mode" in form.fields}
    (rules,) = form.also(lambda: service.check_rules(wanted))
    return Redirect(here(".fences", tried=trials.written(wanted, rules), _anchor="trial"))


@bp.get("/<shop>/fences/trial")
@needs("orders.view")
def tried_orders() -> Page:
    found, trial = trials.listed_caught(queries.read(), request.args)
    now = clock.now()
    return page(
        "office/fences/tried.html",
        fragments={"tried": "office/fences/_tried.html"},
        listed=found,
        trial=trial,
        rows=[(order, status(order, now=now)) for order in found.page.rows],
    )


@bp.post("/<shop>/fences/policy")
@needs("shop.edit")
@corrects(fences)
def set_review_policy() -> Redirect:
    form, now, by = Form(request.form), clock.now(), actor().by
    policy = queries.Policy(form.number("hours", default=0), form.fields.get("releases") == "1")
    form.also(lambda: service.set_policy(policy, now=now, by=by))
    return Redirect(here(".fences"), toast=_("Saved"))


def _timeline() -> Sequence[Step]:
    told = events.timeline(subject=("merchant", UUID(int=frame().merchant_id)))
    return happened([row for row in told if row.name in TOLD])[:LATEST]


def _groups(rules: Mapping[str, Rule]) -> list[tuple[Any, list[RuleShown]]]:
    """Return the rules by whose they are, each with what it caught lately."""
    caught = queries.count_caught(since=clock.now() - SHADOW)
    shown = [_shown(rule, caught.get(rule.name, Caught())) for rule in rules.values()]
    return [(OF[whose], list(rows)) for whose, rows in groupby(shown, key=lambda row: row.rule.whose.value)]


def _shown(rule: Rule, caught: Caught) -> RuleShown:
    money = rule.what is What.MONEY
    return RuleShown(
        rule.name,
        str(COUNTED[rule.what.value]),
        rule,
        Money(rule.most, frame().currency).major if money else str(rule.most),
        money,
        [(int(mode), str(MODES[mode])) for mode in rule.modes],
        [(minutes, str(LENGTHS[minutes])) for minutes in ((INSTANT,) if rule.minutes == INSTANT else MINUTES)],
        caught,
    )


def _labels(rules: Mapping[str, Rule]) -> dict[str, str]:
    """Return what the entries are called, for the summary of what is wrong."""
    names = {name: f"{COUNTED[rule.what.value]} {OF[rule.whose.value]}" for name, rule in rules.items()}
    return {f"{name}.{entry}": title for name, title in names.items() for entry in ("mode", "most", "minutes")}


def _wanted(form: Form, rule: Rule) -> service.Setting:
    field = f"{rule.name}.most"
    most = form.money(field, frame().currency).minor if rule.what is What.MONEY else form.number(field, default=0)
    mode = form.number(f"{rule.name}.mode", default=0)
    minutes = form.number(f"{rule.name}.minutes", default=rule.minutes)
    return service.Setting(Mode(mode) if mode in tuple(Mode) else Mode.OFF, most, minutes)
