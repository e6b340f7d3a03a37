"""Classes: under which one word people count a code (design.md, Stock), as the database finds the codes of one.

What is rare in a shop of a million codes is found along an index that holds nothing else; each condition below says
what its index says, word for word, for only then an engine uses it.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, TextClause, and_, case, or_, select, text

from app.inventory.models import Code, Status
from app.kit import db

CODE = Code.__table__.c
CLASSES = ("available", "held", "sold", "expired", "frozen", "quarantined", "void")
OFFERED = text("code.status + 0 = 0 AND NOT code.frozen")  # names ix_code_offered and ix_code_expiring
HELD = text("code.status = 1")  # names ix_code_held
ASIDE = text("code.status >= 3")  # names ix_code_aside
FROZEN = text("code.frozen AND code.status <> 2")  # names ix_code_frozen
OF_SKU = text("code.status >= 0")  # names ix_code_sku
HAS_TAIL = text("code.tail <> '' AND code.status <> 1")  # names ix_code_tail
_UNSOLD = (
    and_(OFFERED, CODE.expires_on.is_not(None)),
    and_(HELD, ~CODE.frozen),
    and_(ASIDE, CODE.status == Status.QUARANTINED, ~CODE.frozen),
)


def class_on(today: date) -> ColumnElement[str]:
    """Return what rules.class_of says, for the database."""
    return case(
        (Code.status == Status.VOID, "void"),
        (Code.status == Status.SOLD, "sold"),
        (Code.frozen, "frozen"),
        (Code.expires_on < today, "expired"),
        (Code.status == Status.QUARANTINED, "quarantined"),
        (Code.status == Status.HELD, "held"),
        else_="available",
    )


def in_class(name: str, today: date) -> tuple[Any, ...]:
    """Return the conditions that a code counts under a class; the same as class_on says, in words for an index."""
    good = or_(Code.expires_on.is_(None), Code.expires_on >= today)
    ways: dict[str, tuple[Any, ...]] = {
        "available": (OFFERED, good),
        "held": (_one_of((HELD, ~CODE.frozen, or_(CODE.expires_on.is_(None), CODE.expires_on >= today))),),
        "sold": (Code.status == Status.SOLD,),
        "expired": (_one_of(*((way, CODE.expires_on < today) for way in _UNSOLD)),),
        "frozen": (_one_of((FROZEN, CODE.status != Status.VOID)),),
        "quarantined": (ASIDE, Code.status == Status.QUARANTINED, ~Code.frozen, good),
        "void": (ASIDE, Code.status == Status.VOID),
    }
    return ways[name]


def with_tail(said: str) -> ColumnElement[bool]:
    """Return the condition that a code ends so, in small letters or in capitals.

    Those that are held are not in the index of tails, so that no claim writes it; they are few, and looked through.
    """
    ends, mine = CODE.tail.in_({said, said.upper(), said.lower()}), CODE.merchant_id == db.merchant_id()
    still = select(CODE.id).where(mine, HAS_TAIL, ends).with_hint(Code.__table__, "INDEXED BY ix_code_tail", "sqlite")
    held = select(CODE.id).where(mine, HELD, ends).with_hint(Code.__table__, "INDEXED BY ix_code_held", "sqlite")
    return Code.id.in_(still.union_all(held))


def _one_of(*ways: tuple[ColumnElement[bool] | TextClause, ...]) -> ColumnElement[bool]:
    """Return the condition that a code is found one of these ways.

    These are looked up before the order of a list is thought of, else SQLite walks all codes in that order.
    """
    first, *others = (select(CODE.id).where(CODE.merchant_id == db.merchant_id(), *way) for way in ways)
    return Code.id.in_(first.union_all(*others) if others else first)
