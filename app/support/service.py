"""What can be done in support: a buyer asks, says how it ended; the shop sees to it, and says what helps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, update

from app.catalog import queries as catalog
from app.entitlements.queries import Entitlement
from app.kit import db
from app.kit.errors import Invalid, TooLong
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.messages import service as messages
from app.orders import queries as orders
from app.support import queries
from app.support.errors import AskFirst, SeenToBefore
from app.support.events import FixStepsSet, HelpAsked, HelpSeenTo, HelpSolved, HelpStuck
from app.support.models import Ending, FixStep, HelpCall, Problem
from app.support.rules import LONGEST_STEPS, Condition


def ask(item: Entitlement, problem: Problem, *, now: datetime, by: By) -> None:
    """Record that a buyer has a problem with something; the same problem again is the same call, open anew."""
    sku = catalog.list_skus_by_id([item.sku_id])[item.sku_id]
    row: dict[str, Any] = {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "order_id": item.order_id,
        "entitlement_id": item.id,
        "product_id": sku.product_id,
        "problem": problem,
        "ending": Ending.OPEN,
        "times": 1,
        "asked_at": now,
        "ended_at": None,
        "words": "",
        "facts": {},
        "seen_at": None,
        "seen_by": None,
    }
    if db.changed(db.insert_or(HelpCall).values(row).on_conflict_do_nothing()):
        _tell(HelpAsked, HelpCall(**row), now, by)
        return
    mine = (HelpCall.entitlement_id == item.id, HelpCall.problem == problem)
    again = {"times": HelpCall.times + 1, "asked_at": now}
    db.changed(update(HelpCall).where(*mine).values(**again))
    solved = (*mine, HelpCall.ending == Ending.SOLVED)
    db.changed(update(HelpCall).where(*solved).values(ending=Ending.OPEN, ended_at=None))


def solve(entitlement_id: UUID, problem: Problem, *, now: datetime, by: By) -> None:
    """Record that what a buyer was shown has helped; a shop that was told need not look any more. Raises AskFirst."""
    call = _asked(entitlement_id, problem)
    living = (HelpCall.id == call.id, HelpCall.ending != Ending.SOLVED)
    if db.changed(update(HelpCall).where(*living).values(ending=Ending.SOLVED, ended_at=now)):
        _tell(HelpSolved, call, now, by)


def tell_shop(
    entitlement_id: UUID, problem: Problem, words: str, condition: Condition, *, now: datetime, by: By
) -> None:
    """Tell the shop once of a buyer who is stuck, with how the code stands. Raises AskFirst."""
    call = _asked(entitlement_id, problem)
    known = {"words": words, "facts": condition.plain(), "seen_at": None, "seen_by": None}
    living = (HelpCall.id == call.id, HelpCall.ending != Ending.STUCK)
    if not db.changed(update(HelpCall).where(*living).values(ending=Ending.STUCK, ended_at=now, **known)):
        return
    _tell(HelpStuck, call, now, by)
    number = orders.list_numbers([call.order_id])[call.order_id]
    facts = {"number": number, "problem": problem.name.lower()}
    messages.note("help.stuck", subject=("help", call.id), facts=facts, now=now)


def see_to(call_id: UUID | None, *, now: datetime, by: By) -> None:
    """Take a buyer who was stuck from the list. Raises SeenToBefore, NotFound."""
    call = queries.get_call(call_id)
    waits = (HelpCall.id == call.id, HelpCall.ending == Ending.STUCK, HelpCall.seen_at.is_(None))
    if not db.changed(update(HelpCall).where(*waits).values(seen_at=now, seen_by=by.id)):
        raise SeenToBefore
    _tell(HelpSeenTo, call, now, by)


def set_steps(product_id: UUID, said: Mapping[tuple[Problem, str], str], *, now: datetime, by: By) -> None:
    """Write down what the shop says about the problems of a product, by problem and language; empty: nothing."""
    texts = {key: words.strip().replace("\r\n", "\n") for key, words in said.items()}
    long = {f"{problem.name.lower()}_{lang}" for (problem, lang), text in texts.items() if len(text) > LONGEST_STEPS}
    if long:
        raise Invalid({name: TooLong(LONGEST_STEPS) for name in long})
    db.changed(delete(FixStep).where(FixStep.product_id == product_id))
    known = {"merchant_id": db.merchant_id(), "product_id": product_id}
    rows = [
        known | {"problem": problem, "lang": lang, "words": text} for (problem, lang), text in texts.items() if text
    ]
    if rows:
        db.session().execute(insert(FixStep), rows)
    publish(FixStepsSet(subject_id=product_id, at=now, by=by))


def _asked(entitlement_id: UUID, problem: Problem) -> HelpCall:
    call = queries.find_call(entitlement_id, problem)
    if call is None:
        raise AskFirst
    return call


def _tell(kind: type[HelpAsked], call: HelpCall, now: datetime, by: By) -> None:
    facts = {"entitlement_id": call.entitlement_id, "problem": call.problem.name.lower()}
    publish(kind(subject_id=call.id, order_id=call.order_id, at=now, by=by, **facts))  # type: ignore[arg-type]
