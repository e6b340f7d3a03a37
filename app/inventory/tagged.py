"""Tags: words on a code or on its batch, and how the codes that carry one are found among a million.

Few codes are looked up along an index and put in order; many are met soon enough by whoever walks all codes between
the first and the last of them.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, text

from app.inventory.lives import FEW, MANY, SOME, between, in_batch
from app.inventory.models import Batch, Code
from app.kit import db

CODE = Code.__table__.c
HAS_TAGS = text("code.tags <> ''")  # names ix_code_tagged
FEW_BATCHES = 50
FEW_SPELLINGS = 20
MOST_SPELLINGS = 500


def tagged_batches(query: Select[Any], said: str) -> Select[Any]:
    """Keep the batches with a tag."""
    return query.where(_with_word(Batch.tags, said))


def tagged_codes(query: Select[Any], said: str) -> Select[Any]:
    """Keep the codes that carry a tag themselves or by their batch."""
    spelled = _spellings()
    if len(spelled) == MOST_SPELLINGS:  # tags as manifold as codes: each is read
        return query.where(or_(_with_word(Code.tags, said), Code.batch_id.in_(tagged_batches(select(Batch.id), said))))
    spelled = [tags for tags in spelled if said in tags.split()]
    batches = [row for row in db.session().scalars(tagged_batches(select(Batch), said)) if said in row.tags.split()]
    if _are_few(spelled, batches):
        return query.where(Code.id.in_(_found(spelled, batches)))
    there = or_(Code.tags.in_(spelled), Code.batch_id.in_([batch.id for batch in batches]))
    return query.where(there, *_between(spelled, batches))


def list_tags() -> list[str]:
    """List the tags of the shop's codes and batches."""
    of_batches = db.session().scalars(select(Batch.tags).where(Batch.tags != "").distinct().limit(MOST_SPELLINGS))
    return sorted({tag for tags in (*_spellings(), *of_batches) for tag in tags.split()})


def _with_word(column: Any, said: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (" " + column + " ").contains(f" {said} ", autoescape=True)
    return found


def _mine() -> tuple[Any, ...]:
    return (CODE.merchant_id == db.merchant_id(), HAS_TAGS)


def _spellings() -> list[str]:
    """Return the different texts of tags that codes have: from each, the index is asked for the next."""
    first = select(func.min(CODE.tags).label("tags")).where(*_mine()).cte("spelled", recursive=True)
    after = select(func.min(CODE.tags)).where(*_mine(), CODE.tags > first.c.tags).scalar_subquery()
    all_of_them = first.union_all(select(after).where(first.c.tags.is_not(None)))
    query = select(all_of_them.c.tags).where(all_of_them.c.tags.is_not(None)).limit(MOST_SPELLINGS)
    return list(db.session().scalars(query))


def _are_few(spelled: Sequence[str], batches: Sequence[Batch]) -> bool:
    if len(batches) > FEW_BATCHES or sum(batch.imported for batch in batches) > FEW:
        return False
    some = select(CODE.id).where(*_mine(), CODE.tags.in_(spelled)).limit(FEW + 1)
    return (db.session().scalar(select(func.count()).select_from(some.subquery())) or 0) <= FEW


def _found(spelled: Sequence[str], batches: Sequence[Batch]) -> Any:
    """Return the question for the ids of a few codes."""
    own = select(CODE.id).where(*_mine(), CODE.tags.in_(spelled))
    theirs = (select(CODE.id).where(CODE.merchant_id == db.merchant_id(), *in_batch(batch)) for batch in batches)
    return own.union_all(*theirs) if batches else own


def _between(spelled: Sequence[str], batches: Sequence[Batch]) -> tuple[ColumnElement[bool], ...]:
    """Return between which ids all of them lie, as far as that is known."""
    if len(spelled) > FEW_SPELLINGS or any(batch.first_code is None or batch.last_code is None for batch in batches):
        return ()
    ids = [number for batch in batches for number in (batch.first_code, batch.last_code) if number]
    ids += [number for tags in spelled for number in _ends(tags)]
    return between(min(ids), max(ids), MANY if batches else SOME) if ids else ()


def _ends(tags: str) -> list[UUID]:
    """Return the first and the last code with just these tags."""
    mine = select(CODE.id).where(*_mine(), CODE.tags == tags).limit(1)
    ends = (db.session().scalar(mine.order_by(order)) for order in (CODE.id.asc(), CODE.id.desc()))
    return [number for number in ends if number is not None]
