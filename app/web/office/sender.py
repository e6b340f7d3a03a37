"""Letters to buyers: the name and the address they come from, where answers go, and what a letter may prove."""

from flask import request
from flask_babel import gettext as _

from app.kit import clock
from app.merchants import queries
from app.merchants import service as merchants
from app.web.guard import actor, corrects, needs, settings
from app.web.language import here
from app.web.office import bp
from app.web.render import Page, Redirect, page


@bp.get("/<shop>/letters")
@needs("orders.view")
def letters() -> Page:
    return page(
        "office/messages/letters.html",
        sender=settings().mail_from,
        reply_to=queries.get_reply_to(),
        mail_proof=queries.allows_mail_proof(),
    )


@bp.post("/<shop>/letters")
@needs("shop.edit")
@corrects(letters)
def change_letters() -> Redirect:
    merchants.change_reply_to(request.form.get("reply_to", ""), now=clock.now(), by=actor().by)
    return Redirect(here(".letters"), toast=_("Saved"))


@bp.post("/<shop>/letters/proof")
@needs("shop.edit")
@corrects(letters)
def change_mail_proof() -> Redirect:
    allowed = request.form.get("mail_proof") == "1"
    merchants.change_mail_proof(allowed, now=clock.now(), by=actor().by)
    return Redirect(here(".letters"), toast=_("Saved"))
