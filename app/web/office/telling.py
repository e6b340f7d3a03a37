"""How buyers are told: which way first, what waits at night, what is told at all; and what that will mean."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.companies import queries as companies
from app.delivery import queries
from app.delivery import service as delivery
from app.delivery.queries import About, Channel, Plan
from app.kit import clock, events
from app.kit.errors import NotFound
from app.messages import queries as carriers
from app.web.channels import channel_words
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.changes import happened
from app.web.office.shown import about_words
from app.web.render import Page, Redirect, page

TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
NONE = -1  # what is no time: the verb says so
LATEST = 10


@dataclass(frozen=True)
class WayShown:
    """One channel of the order."""

    key: str
    name: str
    state: str
    note: str
    is_off: bool


@bp.get("/<shop>/telling")
@needs("orders.view")
def telling() -> Page:
    plan, connected = queries.read_plan(), carriers.carried_channels() | {Channel.EMAIL}
    return page(
        "office/messages/telling.html",
        ways=[_way(channel, plan, connected) for channel in plan.all()],
        quiet_from=_clock(plan.quiet_from),
        quiet_to=_clock(plan.quiet_to),
        abouts=[_about(about, plan) for about in queries.SWITCHED],
        labels={"quiet_from": _("Quiet from"), "quiet_to": _("Quiet until"), "off": _("Which way first")},
        preview=preview(plan, connected),
        timeline=_timeline(),
    )


@bp.post("/<shop>/telling")
@needs("shop.edit")
@corrects(telling)
def set_telling() -> Redirect:
    form = Form(request.form)
    told = {about for about in queries.SWITCHED if form.fields.get(f"told.{about.name}") == "1"}
    waiting = {about for about in queries.SWITCHED if form.fields.get(f"waits.{about.name}") == "1"}
    start, end = (_minutes(form.text(name, most=20)) for name in ("quiet_from", "quiet_to"))
    silent = frozenset(set(queries.SWITCHED) - told)
    return _change(
        lambda plan: replace(plan, quiet_from=start, quiet_to=end, silent=silent, waiting=frozenset(waiting))
    )


@bp.post("/<shop>/telling/order")
@needs("shop.edit")
@corrects(telling)
def move_way() -> Redirect:
    found, up = _channel(), request.form.get("way") == "up"
    return _change(lambda plan: plan.moved(found, up=up))


@bp.post("/<shop>/telling/use")
@needs("shop.edit")
@corrects(telling)
def switch_way() -> Redirect:
    found = frozenset({_channel()})
    on = request.form.get("on") == "1"
    return _change(lambda plan: replace(plan, off=plan.off - found if on else plan.off | found))


def preview(plan: Plan, connected: set[Channel]) -> Sequence[str]:
    """Say in sentences what a plan will mean for a buyer."""
    named = [channel_words(channel) for channel in plan.order() if channel in connected]
    said = [
        _("A buyer is told by the first of these that reaches them: %(ways)s.", ways=_(", ").join(named))
        if named
        else _("No way in use is connected, so buyers are told nothing; the order page says it all.")
    ]
    if len(named) > 1:
        said.append(_("If one fails for good, the next follows automatically. If nobody knows, you decide."))
    said.extend(_people(plan, connected))
    waiting = [about_words(about.name.lower()) for about in queries.SWITCHED if about in plan.waiting - plan.silent]
    if plan.quiet_from != plan.quiet_to and waiting:
        times = {"start": _clock(plan.quiet_from), "end": _clock(plan.quiet_to), "what": _(", ").join(waiting)}
        said.append(_("From %(start)s to %(end)s nobody is woken; it waits for the morning: %(what)s.", **times))
    if silent := [about_words(about.name.lower()) for about in queries.SWITCHED if about in plan.silent]:
        said.append(_("Nobody is told of: %(what)s.", what=_(", ").join(silent)))
    return said


def _people(plan: Plan, connected: set[Channel]) -> Sequence[str]:
    """Say what a plan will mean for those who bought nothing themselves."""
    named = [channel for channel in plan.order() if channel in companies.WAYS & connected]
    ways = _(", ").join(channel_words(channel) for channel in named)
    who = _("Members of companies, and whom a company gives something: %(ways)s, always told.", ways=ways)
    night = _("What they are told in a chat waits until the quiet hours are over.")
    wakes = plan.quiet_from != plan.quiet_to and not companies.CHATS.isdisjoint(named)
    return [*([who] if named else []), *([night] if wakes else [])]


def _change(changed: Callable[[Plan], Plan]) -> Redirect:
    delivery.set_plan(changed(queries.read_plan()), now=clock.now(), by=actor().by)
    return Redirect(here(".telling"), toast=_("Saved"))


def _way(channel: Channel, plan: Plan, connected: set[Channel]) -> WayShown:
    is_off = channel in plan.off
    state = _("Not used") if is_off else _("In use") if channel in connected else _("Nobody carries it yet")
    note = "" if is_off or channel in connected else _("Connect a carrier, then it is used by itself.")
    return WayShown(channel.name.lower(), channel_words(channel), state, note, is_off)


def _about(about: About, plan: Plan) -> tuple[str, str, bool, bool]:
    return about.name, about_words(about.name.lower()), about in plan.waiting, about not in plan.silent


def _channel() -> Channel:
    """Return the channel that the form names."""
    found = {channel.name.lower(): channel for channel in queries.CHANNELS}.get(request.form.get("channel", ""))
    if found is None:
        raise NotFound
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(text: str) -> int:
    found = TIME.fullmatch(text or "00:00")
    return int(found[1]) * 60 + int(found[2]) if found else NONE


def _timeline() -> Any:
    told = events.timeline(subject=("merchant", UUID(int=frame().merchant_id)))
    return happened([row for row in told if row.name == "merchant.telling_changed"])[:LATEST]
