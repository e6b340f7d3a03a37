"""How entitlements stand: what is known of each, and the words of a refusal where something speaks against a use."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.entitlements import queries as entitled
from app.entitlements.queries import State
from app.inventory import queries as stock
from app.inventory.queries import Typed
from app.kit import db
from app.kit.errors import Refusal
from app.orders import queries as orders
from app.redemption import counting, terms
from app.redemption.errors import (
    USED,
    AlreadyRedeemed,
    Barred,
    BlackoutDay,
    NoLongerValid,
    NotByOneself,
    NotDelivered,
    NotValidYet,
    RedeemedElsewhere,
    TooManyAtOnce,
    UnknownCode,
    UsedAtCounter,
    UsedAtPlace,
    WasRefunded,
    WrongLocation,
)
from app.redemption.models import Redemption
from app.redemption.rules import Facts, Rule, window

MINUTE = timedelta(minutes=1)  # a window ends before the moment it names; people read its last minute


@dataclass(frozen=True)
class Standing:
    """An entitlement as somebody finds it who wants to use it."""

    entitlement_id: UUID
    order_id: UUID
    sku_id: UUID
    tail: str
    uses: int
    used: int
    facts: Facts


def look(entitlement_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Return how entitlements stand; one without its voucher stands as it would with it."""
    owned = entitled.facts(entitlement_ids)
    kept, rules = counting.find(list(owned)), terms.rules_of({row.sku_id for row in owned.values()})
    return {row.id: _standing(row, kept.get(row.id), rules.get(row.sku_id)) for row in owned.values()}


def scoped(found: Mapping[UUID, Standing], company_id: UUID | None) -> dict[UUID, Standing]:
    """Keep what a company owns; without one, all of the shop's."""
    if company_id is None:
        return dict(found)
    theirs = orders.list_of_company(company_id, {each.order_id for each in found.values()})
    return {number: each for number, each in found.items() if each.order_id in theirs}


def owners(typed: Sequence[Typed]) -> list[UUID | None]:
    """Return for each text the entitlement whose code it is, or None; a PIN that is given must be the code's own."""
    return [
        None if code is None or (each.pin is not None and code.needs_pin and not code.proved) else code.entitlement_id
        for code, each in zip(stock.list_typed(typed), typed, strict=True)
    ]


def _standing(row: Any, voucher: Any, rule: Rule | None) -> Standing:
    facts = Facts(row.state is State.READY, row.state is State.REVOKED, row.barred, rule)
    uses = 0
    if voucher:
        uses = voucher.uses
        facts = replace(
            facts, uses_left=voucher.uses_left, valid_from=voucher.valid_from, valid_until=voucher.valid_until
        )
    elif rule:
        uses = rule.uses
        first, last = window(rule, row.ready_at or row.granted_at, terms.zone())
        facts = replace(facts, uses_left=max(0, uses - row.used), valid_from=first, valid_until=last)
    return Standing(row.id, row.order_id, row.sku_id, row.tail, uses, row.used, facts)


# Words ------------------------------------------------------------------------------------------------------------


def refusals(reasons: Mapping[UUID, tuple[str, Facts | None]]) -> dict[UUID, Refusal]:
    """Return the refusal of each entitlement for the reason that speaks against it; it tells the last use by itself."""
    used = last_uses(number for number, (reason, _) in reasons.items() if reason == "already_redeemed")
    return {number: _refusal(reason, facts, used.get(number)) for number, (reason, facts) in reasons.items()}


def last_uses(entitlement_ids: Iterable[UUID]) -> dict[UUID, Redemption]:
    """Return the latest use of each entitlement that was not taken back."""
    ids = list(entitlement_ids)
    if not ids:
        return {}
    undone = select(Redemption.undoes_id).where(Redemption.entitlement_id.in_(ids), Redemption.undoes_id.is_not(None))
    query = select(Redemption).where(
        Redemption.entitlement_id.in_(ids), Redemption.undoes_id.is_(None), Redemption.id.not_in(undone)
    )
    return {row.entitlement_id: row for row in db.session().scalars(query.order_by(Redemption.at, Redemption.id))}


def _refusal(reason: str, facts: Facts | None, last: Redemption | None) -> Refusal:
    if reason == "already_redeemed":
        return used_before(last) if last else AlreadyRedeemed()
    if reason in PLAIN or facts is None:
        return PLAIN.get(reason, UnknownCode)()
    if reason == "too_many_at_once":
        return TooManyAtOnce(facts.uses_left)
    if reason == "not_valid_yet":
        return NotValidYet(_written(facts.valid_from))
    if reason == "no_longer_valid":
        return NoLongerValid(_written(facts.valid_until and facts.valid_until - MINUTE))
    return WrongLocation(", ".join(terms.place_names(facts.rule.places if facts.rule else ())))


PLAIN: Mapping[str, type[Refusal]] = {
    "unknown_code": UnknownCode,
    "was_refunded": WasRefunded,
    "not_delivered": NotDelivered,
    "barred": Barred,
    "redeemed_elsewhere": RedeemedElsewhere,
    "blackout_day": BlackoutDay,
    "not_by_oneself": NotByOneself,
}


def used_before(last: Redemption) -> AlreadyRedeemed:
    """Return the refusal that says when, where and through which channel something was used."""
    place = terms.place_name(last.location_id)
    kind = USED[last.channel]
    return (UsedAtPlace if place and kind is UsedAtCounter else kind)(
        when=terms.written(last.at),
        place=place,
        at=last.at,
        channel=last.channel,
        location_id=last.location_id,
        redemption_id=last.id,
    )


def _written(moment: datetime | None) -> str:
    return terms.written(moment) if moment else ""
