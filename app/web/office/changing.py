"""Changing many codes: the count is shown and confirmed, the work goes on before one's eyes and can be ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.inventory import queries, service
from app.inventory.queries import Action, ChangeState, CodeChange, Progress
from app.kit import clock, db, tasks
from app.kit.errors import Denied, NotFound
from app.kit.ids import from_public, public
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, unit
from app.web.language import here
from app.web.office import bp, underway
from app.web.office.stocked import CHANGES
from app.web.render import Page, Redirect, page

SMALL = 0.5  # seconds that the sender waits for the end; what is larger shows its progress
NEEDS = {Action.FREEZE: "codes.freeze", Action.UNFREEZE: "codes.freeze"}
LONGEST_REASON = 200
FILTERS = tuple(queries.CODES.filters)


@dataclass(frozen=True)
class Asked:
    """What somebody wants to do with which list."""

    action: Action
    filters: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.action.name.lower()


@bp.get("/<shop>/codes/changes/new")
@needs("codes.freeze")
def new_change() -> Page:
    asked = _asked(request.values)
    count = queries.count_chosen(asked.action, asked.filters)
    words = _(CHANGES[asked.name])
    return page("office/codes/new_change.html", asked=asked, count=count, words=words, labels={"reason": _("Reason")})


@bp.post("/<shop>/codes/changes")
@needs("codes.freeze")
@unit(None)
@corrects(new_change)
def change_codes() -> Redirect:
    asked, form = _asked(request.form), Form(request.form)
    reason = form.text("reason", most=LONGEST_REASON, required=True)
    known: dict[str, Any] = {
        "count": form.number("count", default=0),
        "reason": reason,
        "now": clock.now(),
        "by": actor().by,
    }
    form.done()
    merchant_id = frame().merchant_id
    return go_on(db.write(merchant_id, lambda: service.change_codes(asked.action, asked.filters, **known)))


@bp.get("/<shop>/codes/changes/<change>")
@needs("codes.view")
def change(change: str) -> Page:
    found = queries.get_change(from_public("chg", change))
    answer = page(
        "office/codes/change.html",
        fragments={"change": "office/codes/_change.html"},
        change=found,
        number=change,
        words=_(CHANGES[found.action.name.lower()]),
        running=found.state is ChangeState.RUNNING,
        progress=underway.shown(Progress(found.done, found.count, found.asked_at), clock.now()),
        back=_back(found),
    )
    answer.is_news = found.state is not ChangeState.RUNNING and request.headers.get("HX-Target") == "change"
    return answer


@bp.post("/<shop>/codes/changes/<change>/cancel")
@needs("codes.freeze")
def cancel_change(change: str) -> Redirect:
    number = queries.get_change(from_public("chg", change)).id
    service.cancel_change(number, now=clock.now())
    return Redirect(here(".change", change=change))


def go_on(task_id: UUID) -> Redirect:
    """Do a little of a change at once, and lead to how far it is."""
    task = tasks.run(frame().merchant_id, task_id, seconds=SMALL)
    return Redirect(here(".change", change=public("chg", task.subject_id)))


def _asked(said: Mapping[str, str]) -> Asked:
    """Return what is to be done with which list; a list that is found otherwise than by its own filters is not one."""
    actions = {action.name.lower(): action for action in service.BULK}
    name = said.get("action", "freeze")
    if name not in actions or said.get("order") or said.get("contact"):
        raise NotFound
    action = actions[name]
    permission = NEEDS.get(action, "codes.void")
    if not actor().can(permission):
        raise Denied(permission)
    return Asked(action, {name: said.get(name, "").replace("\0", "").strip()[:200] for name in FILTERS})


def _back(change: CodeChange) -> tuple[str, str]:
    """Return where a change was asked for, and what that is called."""
    if change.batch_id:
        return here(".batch", batch=public("bat", change.batch_id)), _("To the batch")
    filters = {name: said for name, said in json.loads(change.filters).items() if name != "status"}
    return here(".codes", **filters), _("To the codes")
