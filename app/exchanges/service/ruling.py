"""Ruling: the shop says which pieces may become which."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.catalog import queries as catalog
from app.exchanges import queries
from app.exchanges.errors import BadDays, BadFee, KnownRule, NoSuchTarget, SameThing, TooManyRules
from app.exchanges.events import ExchangeRuleMade, ExchangeRuleSwitched
from app.exchanges.models import ExchangeRule, Scope
from app.exchanges.rules import MOST_DAYS, MOST_RULES
from app.kit import db
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money

Named = tuple[Scope, UUID]


@dataclass(frozen=True)
class RuleDraft:
    """What may become what, and on which terms; None is what names nothing."""

    old: Named | None
    new: Named | None
    days: int
    fee: Money
    gives_back: bool


def make_rule(draft: RuleDraft, *, now: datetime, by: By) -> ExchangeRule:
    """Let pieces be exchanged from now on. Raises Invalid with all that is wrong, TooManyRules."""
    _check(draft)
    if len(queries.list_rules()) >= MOST_RULES:
        raise TooManyRules(MOST_RULES)
    assert draft.old
    assert draft.new
    row = {"merchant_id": db.merchant_id(), "id": new_id(), "enabled": True, "created_at": now}
    row |= {"from_scope": draft.old[0], "from_id": draft.old[1], "to_scope": draft.new[0], "to_id": draft.new[1]}
    row |= {"days": draft.days, "fee": draft.fee.minor, "gives_back": draft.gives_back}
    once = ["merchant_id", "from_scope", "from_id", "to_scope", "to_id"]
    if not db.changed(db.insert_or(ExchangeRule).on_conflict_do_nothing(index_elements=once), row):
        raise Invalid({"new": KnownRule()})
    facts = {"days": draft.days, "fee": draft.fee.minor, "currency": draft.fee.currency}
    publish(ExchangeRuleMade(subject_id=row["id"], gives_back=draft.gives_back, at=now, by=by, **facts))  # type: ignore[arg-type]
    return ExchangeRule(**row)


def switch_rule(number: UUID | None, *, enabled: bool, now: datetime, by: By) -> None:
    """Let a rule hold from now on, or no more; what waits for its payment stays."""
    rule = queries.get_rule(number)
    other = (ExchangeRule.id == rule.id, ExchangeRule.enabled != enabled)
    if db.changed(update(ExchangeRule).where(*other).values(enabled=enabled)):
        publish(ExchangeRuleSwitched(subject_id=rule.id, enabled=enabled, at=now, by=by))


def _check(draft: RuleDraft) -> None:
    faults: dict[str, Refusal] = {}
    for name, chosen in (("old", draft.old), ("new", draft.new)):
        if chosen is None or not _is_there(*chosen):
            faults[name] = NoSuchTarget()
    if not faults and draft.old == draft.new and draft.old and draft.old[0] is Scope.SKU:
        faults["new"] = SameThing()
    if not 1 <= draft.days <= MOST_DAYS:
        faults["days"] = BadDays(MOST_DAYS)
    if draft.fee.minor < 0:
        faults["fee"] = BadFee()
    if faults:
        raise Invalid(faults)


def _is_there(scope: Scope, number: UUID) -> bool:
    if scope is Scope.SKU:
        return bool(catalog.list_skus_by_id([number]))
    if scope is Scope.PRODUCT:
        return bool(catalog.list_products_by_id([number]))
    return any(category.id == number for category in catalog.list_categories())
