"""How the shop shows codes again: how long links are good, in how many browsers, and after which proof."""

from flask import request
from flask_babel import gettext as _

from app.kit import clock
from app.merchants import queries
from app.merchants import service as merchants
from app.merchants.queries import Reveals
from app.messages import queries as messages
from app.messages.queries import Channel
from app.web.forms import Form
from app.web.guard import actor, corrects, needs
from app.web.language import here
from app.web.office import bp
from app.web.render import Page, Redirect, page


@bp.get("/<shop>/showing")
@needs("orders.view")
def showing() -> Page:
    return page(
        "office/messages/showing.html",
        rule=queries.reveals(),
        mail_proof=queries.allows_mail_proof(),
        sms=messages.carries(Channel.SMS),
        labels={
            "link_hours": _("Hours that a link is good"),
            "most_devices": _("New browsers for each link"),
            "fresh_minutes": _("Minutes that a fresh proof holds"),
            "hide_seconds": _("Seconds until codes are hidden again"),
        },
    )


@bp.post("/<shop>/showing")
@needs("shop.edit")
@corrects(showing)
def change_showing() -> Redirect:
    form, usual = Form(request.form), Reveals()
    wanted = Reveals(
        form.number("link_hours", default=usual.link_hours),
        form.number("most_devices", default=usual.most_devices),
        form.number("fresh_minutes", default=0),
        form.number("hide_seconds", default=0),
        # A tick that nobody could set says nothing.
        "by_sms" in request.form if messages.carries(Channel.SMS) else queries.reveals().by_sms,
    )
    form.also(lambda: merchants.change_reveals(wanted, now=clock.now(), by=actor().by))
    return Redirect(here(".showing"), toast=_("Saved"))
