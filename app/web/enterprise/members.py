"""Members of a company: who they are, inviting, another role, and the end."""

from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.companies import queries, service
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.web.enterprise import bp
from app.web.enterprise.acting import company_id
from app.web.firms import read_role, role_choices
from app.web.guard import actor, corrects, needs
from app.web.language import here, lang
from app.web.render import Page, Redirect, page


@bp.get("/members")
@needs("company.members")
def members() -> Page:
    invites = queries.list_invites(company_id(), now=clock.now())
    return page(
        "enterprise/members/members.html",
        people=queries.list_members(company_id()),
        invites=invites,
        unsent=queries.list_unsent(invites),
        roles=role_choices(),
        matrix=queries.PERMISSIONS,
    )


def _again(member: str) -> Page:
    """Show the members again after something about one of them was refused."""
    return members()


@bp.post("/members/invites")
@needs("company.invite")
@corrects(members)
def invite() -> Redirect:
    email, role = request.form.get("email", ""), read_role(request.form)
    service.invite(company_id(), email=email, role=role, lang=lang(), now=clock.now(), by=actor().by)
    return Redirect(here(".members"), toast=_("Invitation on its way"))


@bp.post("/members/invites/<invite>/again")
@needs("company.invite")
def send_invite_again(invite: str) -> Redirect:
    service.send_invite_again(company_id(), from_public("inv", invite), now=clock.now(), by=actor().by)
    return Redirect(here(".members"), toast=_("Invitation on its way"))


@bp.post("/members/invites/<invite>/revocation")
@needs("company.invite")
def revoke_invite(invite: str) -> Redirect:
    service.revoke_invite(company_id(), from_public("inv", invite), now=clock.now(), by=actor().by)
    return Redirect(here(".members"), toast=_("The invitation no longer works"))


@bp.post("/members/<member>/role")
@needs("company.invite")
@corrects(_again)
def change_role(member: str) -> Redirect:
    service.change_role(company_id(), _user(member), read_role(request.form), now=clock.now(), by=actor().by)
    return Redirect(here(".members"), toast=_("Role changed"))


@bp.post("/members/<member>/end")
@needs("company.invite")
@corrects(_again)
def end_member(member: str) -> Redirect:
    service.end_member(company_id(), _user(member), now=clock.now(), by=actor().by)
    return Redirect(here(".members"), toast=_("The member is out"))


def _user(member: str) -> UUID:
    number = from_public("usr", member)
    if number is None:
        raise NotFound
    return number
