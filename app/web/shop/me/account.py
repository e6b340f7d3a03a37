"""A member's account: contacts, language, the browsers one is signed in with, and deleting it."""

from flask import request
from flask_babel import gettext, ngettext

from app.kit import clock
from app.kit.ids import from_public
from app.members import queries
from app.members import service as members
from app.messages import queries as messages
from app.messages.queries import Channel
from app.web.asking import SessionShown
from app.web.forms import Form
from app.web.guard import corrects
from app.web.language import LANG_COOKIE, LANGUAGES, here, lang
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp
from app.web.shop.me.present import me, member_cookie
from app.web.shop.me.signing import LONGEST_CONTACT
from app.web.shop.proof import asking, device_cookie

YEAR = 365.0


@bp.get("/me/account")
def my_account() -> Page:
    member = me()
    sessions = queries.list_sessions(member.id, member.session_id, now=clock.now())
    kinds = {one.channel for one in member.contacts}
    sms = messages.carries(Channel.SMS)
    missing = [kind for kind in (Channel.EMAIL, Channel.SMS) if kind not in kinds and (kind is Channel.EMAIL or sms)]
    return page(
        "shop/me/account.html",
        secret=True,
        sessions=[SessionShown.of(session) for session in sessions],
        spoken=list(LANGUAGES.items()),
        missing=[kind.name.lower() for kind in missing],
    )


@bp.post("/me/contacts")
@corrects(my_account)
def add_contact() -> Redirect:
    """Send digits to a further address of the member; typed in this browser, they add it."""
    form = Form(request.form)
    contact = form.text("contact", most=LONGEST_CONTACT, required=True)
    form.done()
    token = members.ask_code(contact, asking(), lang=lang(), now=clock.now(), member_id=me().id)
    return Redirect(here(".digits_asked"), cookies=(device_cookie(token),))


@bp.post("/me/contacts/<contact>/removal")
@corrects(lambda contact: my_account())
def remove_contact(contact: str) -> Redirect:
    members.remove_contact(me().id, from_public("con", contact), now=clock.now())
    return Redirect(here(".my_account"), toast=gettext("Contact removed"))


@bp.post("/me/language")
def change_language() -> Redirect:
    chosen = request.form.get("lang", "")
    chosen = chosen if chosen in LANGUAGES else lang()
    members.change_lang(me().id, chosen)
    return Redirect(here(".my_account", lang=chosen), cookies=(Cookie(LANG_COOKIE, chosen, "/", YEAR),))


@bp.post("/me/sessions/<session>/end")
def end_session(session: str) -> Redirect:
    members.end_session(me().id, from_public("ses", session), now=clock.now())
    return Redirect(here(".my_account"), toast=gettext("Signed out there"))


@bp.post("/me/sessions/end")
def end_all_sessions() -> Redirect:
    """Sign the member out everywhere, here too."""
    member = me()
    ended = members.end_all(member.id, now=clock.now(), by=member.by)
    toast = ngettext("%(num)s browser signed out", "%(num)s browsers signed out", ended)
    return Redirect(here(".home"), toast=toast, cookies=(member_cookie(""),))


@bp.get("/me/account/deletion")
def leaving() -> Page:
    me()
    return page("shop/me/leaving.html", secret=True)


@bp.post("/me/account/deletion")
@corrects(leaving)
def delete_account() -> Redirect:
    members.close(me().id, now=clock.now())
    return Redirect(here(".home"), toast=gettext("Your account is deleted"), cookies=(member_cookie(""),))
