"""By what members are told: user IDs that an administrator enters, and what each member wants first."""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext as _

from app.companies import queries, service
from app.kit import clock
from app.kit.errors import NotFound, words
from app.kit.ids import from_public
from app.messages import queries as messages
from app.messages.queries import Channel
from app.web.enterprise import bp
from app.web.enterprise.acting import company_id
from app.web.guard import actor, corrects, needs
from app.web.language import here
from app.web.render import Page, Redirect, page

NAMES: Mapping[Channel, str] = {
    Channel.WECOM: words("WeCom"),
    Channel.DINGTALK: words("DingTalk"),
    Channel.EMAIL: words("E-mail"),
}
CHATS = (Channel.WECOM, Channel.DINGTALK)


@bp.get("/members/<member>/ways")
@needs("company.invite")
def member_ways(member: str) -> Page:
    person = queries.find_member(company_id(), from_public("usr", member))
    if person is None:
        raise NotFound
    known = queries.reached_by(company_id(), person.user_id)
    ids = [(way.name.lower(), str(_(NAMES[way])), known[way].expose() if way in known else "") for way in CHATS]
    return page("enterprise/members/ways.html", person=person, ids=ids, carried=_carried())


@bp.post("/members/<member>/ways")
@needs("company.invite")
@corrects(member_ways)
def set_member_ways(member: str) -> Redirect:
    ids = {way: request.form.get(way.name.lower(), "") for way in CHATS}
    service.set_ways(company_id(), from_public("usr", member), ids, now=clock.now(), by=actor().by)
    return Redirect(here(".members"), toast=_("Saved"))


@bp.get("/told")
@needs("company.redeem")
def told() -> Page:
    mine = queries.reached_by(company_id(), actor().user_id)
    found = queries.ways_of(company_id(), actor().user_id)
    ways = [(way.name.lower(), str(_(NAMES[way])), mine[way].expose() if way in mine else "") for way in found]
    return page("enterprise/members/told.html", ways=ways, carried=_carried(), several=len(ways) > 1)


@bp.post("/told")
@needs("company.redeem")
def choose_told() -> Redirect:
    asked = {way.name.lower(): way for way in queries.WAYS}.get(request.form.get("first", ""))
    service.choose_first(company_id(), actor().user_id, asked)
    return Redirect(here(".told"), toast=_("Saved"))


def _carried() -> list[str]:
    """Return the chats by which the shop tells anybody."""
    return [str(_(NAMES[way])) for way in CHATS if messages.carries(way)]
