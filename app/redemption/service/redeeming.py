"""Redeeming: uses of entitlements, any number at once, each with an answer of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.service import Used
from app.kit import db
from app.kit.errors import Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.redemption import counting, standing, terms
from app.redemption.errors import BadCount, KeyReused, LocationClosed
from app.redemption.events import EntitlementRedeemed
from app.redemption.models import Channel
from app.redemption.rules import LONGEST_REFERENCE, Facts, Wish, idem_of, rounds, why_not
from app.redemption.service.issuing import issue_missing


@dataclass(frozen=True)
class Via:
    """Through which door uses come: who is there, where, and in whose name keys are unique."""

    channel: Channel
    by: By
    location_id: UUID | None = None
    network: str = ""
    principal: str = ""

    @property
    def keys_of(self) -> str:
        return self.principal or f"{self.by.type}:{self.by.id}"


@dataclass(frozen=True)
class Use:
    """An entitlement that is to be used `count` times; the same `key` of the same principal is the same act."""

    entitlement_id: UUID
    key: str
    count: int = 1
    reference: str = ""


@dataclass(frozen=True)
class Redeemed:
    """A use that counts; `again` when it was written before and this is the same act."""

    id: UUID
    entitlement_id: UUID
    order_id: UUID
    sku_id: UUID
    at: datetime
    uses: int
    uses_left: int
    of: int  # uses in all
    tail: str  # of its code
    again: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one use: either it counts or it was refused."""

    use: Use
    redeemed: Redeemed | None = None
    refusal: Refusal | None = None


FACTS = ("id", "entitlement_id", "order_id", "sku_id", "at", "uses", "uses_left")  # of a row, as Redeemed has them


def redeem(uses: Sequence[Use], via: Via, *, now: datetime) -> list[Outcome]:
    """Use entitlements, each as far as it is good; answers each use in its place and refuses none for another's sake.

    Raises BadCount, or LocationClosed when there is no such place.
    """
    return redeem_all([(use, via) for use in uses], now=now)


def redeem_all(asked: Sequence[tuple[Use, Via]], *, now: datetime) -> list[Outcome]:
    """Use entitlements, each through a door of its own, as `redeem` does."""
    if any(use.count < 1 for use, _ in asked):
        raise BadCount
    places = {via.location_id for _, via in asked if via.location_id is not None}
    if places and not places <= terms.current().open:
        raise LocationClosed
    outcomes: dict[int, Outcome] = {}
    placed = [_Placed(place, use, via) for place, (use, via) in enumerate(asked)]
    for at in range(0, len(placed), counting.AT_ONCE):
        for turn in rounds(placed[at : at + counting.AT_ONCE]):
            outcomes |= _Turn(turn, now).run()
    return [outcomes[place] for place in range(len(asked))]


def redeem_one(use: Use, via: Via, *, now: datetime) -> Redeemed:
    """Use one entitlement, or raise what speaks against it."""
    (outcome,) = redeem([use], via, now=now)
    if outcome.redeemed is None:
        assert outcome.refusal is not None
        raise outcome.refusal
    return outcome.redeemed


@dataclass(frozen=True)
class _Placed:
    place: int
    use: Use
    via: Via

    @property
    def entitlement_id(self) -> UUID:
        return self.use.entitlement_id


class _Turn:
    """Some uses of different entitlements, done by one statement of each kind."""

    def __init__(self, asked: Sequence[_Placed], now: datetime) -> None:
        self.now, self.today = now, now.astimezone(terms.zone()).date()
        self.asked = {one.entitlement_id: one for one in asked}
        self.uses = {one.entitlement_id: one.use for one in asked}
        self.idems = {one.entitlement_id: idem_of(one.via.keys_of, one.use.key) for one in asked}
        self.vouchers: dict[UUID, Any] = {}
        self.done: dict[UUID, Outcome] = {}
        self.refused: dict[UUID, tuple[str, Facts | None]] = {}
        self.unclear: set[UUID] = set()  # barred, taken by somebody faster, or unvouched: look again and say why

    def run(self) -> dict[int, Outcome]:
        self._lock()
        self._repeat([number for number, row in self.vouchers.items() if row.uses_left < row.uses])
        self._redeem(self._good())
        self._explain()
        return {one.place: self.done[number] for number, one in self.asked.items()}

    def _lock(self) -> None:
        self.vouchers = counting.lock(list(self.uses))
        if missing := self.uses.keys() - self.vouchers.keys():
            issue_missing(missing)
            self.vouchers |= counting.lock(sorted(missing))
        self.unclear = self.uses.keys() - self.vouchers.keys()

    def _repeat(self, touched: Sequence[UUID]) -> None:
        """Answer what was done before by the same key as it was answered then."""
        written = counting.find_written([self.idems[number] for number in touched])
        tails = entitled.tails(row.entitlement_id for row in written.values())
        for number in touched:
            if row := written.get(self.idems[number]):
                self.done[number] = self._again(self.uses[number], row, tails[row.entitlement_id])

    def _again(self, use: Use, row: Any, tail: str) -> Outcome:
        if (row.entitlement_id, row.uses) != (use.entitlement_id, use.count):
            return Outcome(use, refusal=KeyReused())
        of = self.vouchers[row.entitlement_id].uses
        facts: dict[str, Any] = {name: getattr(row, name) for name in FACTS}
        return Outcome(use, Redeemed(**facts, of=of, tail=tail, again=True))

    def _good(self) -> list[UUID]:
        """Return what nothing speaks against, and keep the reason of the rest."""
        new = [row for number, row in self.vouchers.items() if number not in self.done]
        rules = terms.all_rules()
        for row in new:
            rule, window = rules.get(row.sku_id), (row.valid_from, row.valid_until)
            facts = Facts(True, False, False, rule, row.uses_left, *window)
            if row.barred:  # by a refund, a freeze or a replacement: who stands there is told by which
                self.unclear.add(row.entitlement_id)
            elif reason := why_not(facts, self._wish(row.entitlement_id)):
                self.refused[row.entitlement_id] = (reason, facts)
        return [row.entitlement_id for row in new if row.entitlement_id not in self.refused.keys() | self.unclear]

    def _wish(self, number: UUID) -> Wish:
        via = self.asked[number].via
        return Wish(self.uses[number].count, self.now, self.today, via.location_id, via.channel is Channel.SELF)

    def _redeem(self, good: Sequence[UUID]) -> None:
        """Take, count and write; where somebody was faster at one of the three, what we took goes back."""
        left = counting.take({number: self.uses[number].count for number in good}, now=self.now)
        used = [Used(number, self.uses[number].count, self.vouchers[number].uses) for number in left]
        counted = entitlements.mark_used(used, at=self.now)
        counting.give_back({number: self.uses[number].count for number in left if number not in counted})
        rows = {number: self._row(number, left[number]) for number in left if number in counted}
        written = counting.write(list(rows.values()))
        self._publish([row for row in rows.values() if row["id"] in written], counted)
        self._undo([number for number, row in rows.items() if row["id"] not in written])
        self.unclear |= set(good) - self.done.keys()

    def _row(self, number: UUID, left: int) -> dict[str, Any]:
        use, via, voucher = self.uses[number], self.asked[number].via, self.vouchers[number]
        return {
            "merchant_id": db.merchant_id(),
            "id": new_id(),
            "entitlement_id": number,
            "order_id": voucher.order_id,
            "sku_id": voucher.sku_id,
            "at": self.now,
            "uses": use.count,
            "uses_left": left,
            "channel": via.channel,
            "location_id": via.location_id,
            "actor_type": via.by.type,
            "actor_id": via.by.id,
            "network": via.network,
            "reference": use.reference[:LONGEST_REFERENCE],
            "idem": self.idems[number],
            "undoes_id": None,
            "reason": "",
        }

    def _publish(self, rows: Sequence[dict[str, Any]], tails: Mapping[UUID, str]) -> None:
        for row in rows:
            number = row["entitlement_id"]
            facts: dict[str, Any] = {name: row[name] for name in FACTS}
            made = Redeemed(**facts, of=self.vouchers[number].uses, tail=tails[number])
            self.done[number] = Outcome(self.uses[number], made)
        publish(*(self._event(row) for row in rows))

    def _event(self, row: dict[str, Any]) -> EntitlementRedeemed:
        via = self.asked[row["entitlement_id"]].via
        return EntitlementRedeemed(
            subject_id=row["entitlement_id"],
            order_id=row["order_id"],
            redemption_id=row["id"],
            sku_id=row["sku_id"],
            uses=row["uses"],
            uses_left=row["uses_left"],
            channel=via.channel.name.lower(),
            location_id=via.location_id,
            network=via.network,
            at=self.now,
            by=via.by,
        )

    def _undo(self, numbers: Sequence[UUID]) -> None:
        """Give back what the same act had taken before, and answer as it was answered then."""
        if not numbers:
            return
        counting.give_back({number: self.uses[number].count for number in numbers})
        back = [Used(number, -self.uses[number].count, self.vouchers[number].uses) for number in numbers]
        entitlements.mark_used(back, at=None)
        self._repeat(numbers)

    def _explain(self) -> None:
        """Say of what was refused why; what is unclear is looked at afresh."""
        found = standing.look(self.unclear) if self.unclear else {}
        for number in self.unclear:
            facts = found[number].facts if number in found else None
            reason = why_not(facts, self._wish(number)) if facts else "unknown_code"
            self.refused[number] = (reason or "already_redeemed", facts)
        for number, refusal in standing.refusals(self.refused).items():
            self.done[number] = Outcome(self.uses[number], refusal=refusal)
