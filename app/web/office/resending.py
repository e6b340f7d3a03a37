"""Sending many messages again: the count is shown and confirmed, one sees the work go on and can end it."""

from collections.abc import Mapping

from flask import request

from app.delivery import queries, service
from app.delivery.queries import ResendState
from app.inventory.queries import Progress
from app.kit import clock, db, tasks
from app.kit.ids import from_public, public
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, unit
from app.web.language import here
from app.web.office import bp, underway
from app.web.render import Page, Redirect, page

SMALL = 0.5  # seconds that the sender waits for the end; what is larger shows its progress


@bp.get("/<shop>/messages/resends/new")
@needs("messages.send")
def new_resend() -> Page:
    filters = _filters(request.values)
    return page("office/messages/new_resend.html", filters=filters, count=queries.count_stuck_among(filters))


@bp.post("/<shop>/messages/resends")
@needs("messages.send")
@unit(None)
@corrects(new_resend)
def resend() -> Redirect:
    form, merchant_id = Form(request.form), frame().merchant_id
    count, filters, by = form.number("count", default=0), _filters(request.form), actor().by
    form.done()
    task_id = db.write(merchant_id, lambda: service.resend(filters, count=count, now=clock.now(), by=by))
    task = tasks.run(merchant_id, task_id, seconds=SMALL)
    return Redirect(here(".resent", resend=public("rsd", task.subject_id)))


@bp.get("/<shop>/messages/resends/<resend>")
@needs("orders.view")
def resent(resend: str) -> Page:
    found = queries.get_resend(from_public("rsd", resend))
    running = found.state is ResendState.RUNNING
    answer = page(
        "office/messages/resend.html",
        fragments={"resend": "office/messages/_resend.html"},
        resend=found,
        number=resend,
        running=running,
        progress=underway.shown(Progress(found.done, found.count, found.asked_at), clock.now()),
    )
    answer.is_news = not running and request.headers.get("HX-Target") == "resend"
    return answer


@bp.post("/<shop>/messages/resends/<resend>/cancel")
@needs("messages.send")
def cancel_resend(resend: str) -> Redirect:
    service.cancel_resend(queries.get_resend(from_public("rsd", resend)).id, now=clock.now())
    return Redirect(here(".resent", resend=resend))


def _filters(said: Mapping[str, str]) -> dict[str, str]:
    """Return which list is meant."""
    found = {name: said.get(name, "").replace("\0", "").strip()[:200] for name in queries.MESSAGES.filters}
    return {name: value for name, value in found.items() if value}
