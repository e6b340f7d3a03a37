"""Robots: which notes each of them tells its group of the staff."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from flask_babel import gettext as _

from app.kit import clock, events
from app.kit.errors import words
from app.kit.ids import from_public
from app.messages import queries, service
from app.messages.queries import RobotShown
from app.web.guard import actor, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.changes import happened
from app.web.office.notes import NAMES
from app.web.office.shown import Step
from app.web.render import Page, Redirect, page

LATEST = 5
TONES = {"ok": words("in order"), "off": words("switched off"), "bad": words("out of order"), "rests": words("rests")}


@dataclass(frozen=True)
class RobotRow:
    """A robot as its card shows it: how it is, and the kinds of notes with whether it tells them."""

    robot: RobotShown
    state: str
    said: str
    kinds: Sequence[tuple[str, str, bool]]
    timeline: Sequence[Step]


@bp.get("/<shop>/notes/robots")
@needs("shop.edit")
def robots() -> Page:
    return page("office/robots/robots.html", rows=[_row(robot) for robot in queries.list_robots()])


@bp.post("/<shop>/notes/robots/<robot>")
@needs("shop.edit")
def set_robot(robot: str) -> Redirect:
    told = set(request.form.getlist("kind"))
    silent = [kind for kind in NAMES if kind not in told]
    service.set_kinds(from_public("car", robot), silent=silent, now=clock.now(), by=actor().by)
    return Redirect(here(".robots"), toast=_("Saved"))


def _row(robot: RobotShown) -> RobotRow:
    state = _state(robot)
    kinds = [(kind, str(_(name)), kind not in robot.silent) for kind, (name, _tone) in NAMES.items()]
    trail = happened(events.timeline(subject=("carrier", robot.carrier.id)))[:LATEST]
    return RobotRow(robot, state, str(_(TONES[state])), kinds, trail)


def _state(robot: RobotShown) -> str:
    rests = robot.carrier.rests_until
    if not robot.carrier.enabled:
        return "off"
    if robot.carrier.alarm:
        return "bad"
    return "rests" if rests and rests > clock.now() else "ok"
