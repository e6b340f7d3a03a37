"""What a buyer is shown of what can be used here: how often, until when, where; or why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.catalog import queries as catalog
from app.entitlements.queries import Entitlement, State
from app.kit import clock
from app.redemption import queries as redemption
from app.redemption.queries import Channel, Verdict
from app.web.errors import mend, say
from app.web.guard import frame
from app.web.language import lang

MOST = 20  # of one order on its page
MINUTE = timedelta(minutes=1)  # a window ends before the moment it names; people read its last minute


@dataclass(frozen=True)
class UseShown:
    """One thing that we redeem ourselves; `why` says what speaks against using it just now, "" when nothing does."""

    id: UUID
    title: str
    guide: str
    tail: str
    left: int
    uses: int
    valid_from: datetime | None
    valid_until: datetime | None
    places: tuple[str, ...]
    waits: bool  # its time has not come yet
    reason: str
    why: str
    mend: str

    @property
    def is_good(self) -> bool:
        return not self.reason


def use_of(entitlement_id: UUID) -> UseShown:
    """Return how something stands for its owner who wants to use it now; raises UnknownCode for what is not there."""
    (verdict,) = redemption.validate([entitlement_id], now=clock.now(), channel=Channel.SELF)
    if verdict.standing is None:
        assert verdict.refusal is not None
        raise verdict.refusal
    return _shown(verdict, *_names([verdict.standing.sku_id]))


def uses_of(owned: Sequence[Entitlement]) -> list[UseShown]:
    """Return what of an order is redeemed here, the first of it; most orders hold nothing of the kind."""
    ours = redemption.which_ours({item.sku_id for item in owned})
    ids = [item.id for item in owned if item.state is State.READY and item.sku_id in ours][:MOST]
    if not ids:
        return []
    names = _names(ours)
    verdicts = redemption.validate(ids, now=clock.now(), channel=Channel.SELF)
    return [_shown(verdict, *names) for verdict in verdicts if verdict.standing]


def _names(sku_ids: Sequence[UUID] | set[UUID]) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """Return the titles and the guides of SKUs, in the reader's language."""
    skus = catalog.list_skus_by_id(sku_ids)
    products = catalog.list_products_by_id({sku.product_id for sku in skus.values()})
    texts = {
        sku.id: {text.lang: text.guide for text in products[sku.product_id].texts if text.guide}
        for sku in skus.values()
    }
    guides = {number: catalog.in_language(each, lang(), frame().lang) for number, each in texts.items()}
    return catalog.titles(sku_ids, lang(), frame().lang), guides


def _shown(verdict: Verdict, titles: dict[UUID, str], guides: dict[UUID, str]) -> UseShown:
    found = verdict.standing
    assert found is not None
    facts, places = found.facts, found.facts.rule.places if found.facts.rule else ()
    named = redemption.names_of_places(places)
    return UseShown(
        id=found.entitlement_id,
        title=titles.get(found.sku_id, ""),
        guide=guides.get(found.sku_id, ""),
        tail=found.tail,
        left=facts.uses_left,
        uses=found.uses,
        valid_from=facts.valid_from,
        valid_until=facts.valid_until - MINUTE if facts.valid_until else None,
        places=tuple(named[number] for number in places),
        waits=verdict.reason == "not_valid_yet",
        reason=verdict.reason,
        why=say(verdict.refusal) if verdict.refusal else "",
        mend=mend(verdict.refusal) if verdict.refusal else "",
    )
