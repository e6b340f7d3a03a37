"""Questions about risk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.kit import db
from app.kit.recent import Recent
from app.risk.models import Catch as Catch
from app.risk.models import FenceRule, ReviewPolicy
from app.risk.models import Mode as Mode
from app.risk.rules import HOUSE as HOUSE
from app.risk.rules import INSTANT as INSTANT
from app.risk.rules import MINUTES as MINUTES
from app.risk.rules import Rule as Rule
from app.risk.rules import What as What
from app.risk.rules import Whose as Whose

R, P, C = FenceRule.__table__.c, ReviewPolicy.__table__.c, Catch.__table__.c


@dataclass(frozen=True)
class Policy:
    """What becomes of an order in review that nobody decides."""

    hours: int = 0  # 0: as long as the shop lets an order wait for stock
    releases: bool = False  # else the money goes back


_rules: Recent[Sequence[Rule]] = Recent()


def current() -> Sequence[Rule]:
    """Return the rules of the shop that are not off; they may be a few seconds old."""
    found = _rules.find((db.merchant_id(),), lambda: [rule for rule in read().values() if rule.mode is not Mode.OFF])
    return found or ()


def read() -> Mapping[str, Rule]:
    """Return all rules as the shop has set them, as it is written down just now."""
    rows = db.session().execute(select(R.name, R.mode, R.most, R.minutes).where(R.merchant_id == db.merchant_id()))
    own = {row.name: replace(HOUSE[row.name], mode=row.mode, most=row.most, minutes=row.minutes) for row in rows}
    return HOUSE | own  # type: ignore[operator, no-any-return]


def forget() -> None:
    """Let this process read the rules anew after the running unit."""
    _rules.forget()


def policy() -> Policy:
    """Return what becomes of orders in review that nobody decides, as it is written down just now."""
    row = db.session().execute(select(P.hours, P.releases).where(P.merchant_id == db.merchant_id())).first()
    return Policy(row.hours, row.releases) if row else Policy()


@dataclass(frozen=True)
class Caught:
    """How often a rule caught somebody: what it only saw, what went to review, what it refused."""

    watched: int = 0
    reviewed: int = 0
    refused: int = 0

    @property
    def all(self) -> int:
        return self.watched + self.reviewed + self.refused


def count_caught(*, since: datetime) -> dict[str, Caught]:
    """Count by rule what was caught since a moment."""
    mine = (C.merchant_id == db.merchant_id(), C.at >= since)
    rows = db.session().execute(select(C.rule, C.mode, func.sum(C.times)).where(*mine).group_by(C.rule, C.mode))
    found: dict[str, dict[Mode, int]] = {}
    for rule, mode, times in rows:
        found.setdefault(rule, {})[mode] = int(times)
    return {
        rule: Caught(by.get(Mode.WATCH, 0), by.get(Mode.REVIEW, 0), by.get(Mode.REFUSE, 0))
        for rule, by in found.items()
    }


def list_refused(*, limit: int) -> Sequence[Catch]:
    """List the latest tries that were refused, the newest first."""
    query = select(Catch).where(Catch.order_id.is_(None)).order_by(Catch.at.desc(), Catch.id).limit(limit)
    return db.session().scalars(query).all()


def list_caught(order_ids: Iterable[UUID]) -> dict[UUID, list[Catch]]:
    """Return by order which rules caught it, the strictest first."""
    query = select(Catch).where(Catch.order_id.in_(set(order_ids))).order_by(Catch.mode.desc(), Catch.id)
    found: dict[UUID, list[Catch]] = {}
    for row in db.session().scalars(query):
        if row.order_id:
            found.setdefault(row.order_id, []).append(row)
    return found
